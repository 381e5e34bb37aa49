# Everything a developer types. `make demo` and `make test` do their own set-up.

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix bench contract e2e lock

# The first Python that is new enough; name another with `make PYTHON=/path/to/python …`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
ifeq ($(PYTHON),)
$(error Ridgeline needs Python 3.11 or newer: run `sudo apt-get install python3 python3-venv`)
endif

OURS := .venv/bin/python

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## install everything into this folder (also done by the others)
	@$(PYTHON) -m scripts.set_up --tests

demo:  ## serve the portal with its sandbox on http://127.0.0.1:8000 (PORT, SANDBOX_PORT)
	@$(PYTHON) -m scripts.set_up
	@$(OURS) -m scripts.demo

test: setup  ## all checks and tests: SQLite, PostgreSQL, both brokers, real browser
	@$(OURS) -m scripts.check --all

check: setup  ## static checks and the tests on SQLite (faster)
	@$(OURS) -m scripts.check

fix: setup  ## let ruff mend and format the code
	@$(OURS) -m ruff check --fix .
	@$(OURS) -m ruff format .

bench: setup  ## measure the goals of docs/development.md on 100,000 activations
	@$(OURS) -m scripts.bench; first=$$?; $(OURS) -m scripts.bench_client && exit $$first

contract: setup  ## hold the client's requests and the sandbox's answers against the contract
	@$(OURS) -m scripts.contract

e2e: setup  ## only the browser tests
	@$(OURS) -m scripts.check --only browser

lock: setup  ## resolve requirements*.in again into requirements*.txt, with hashes
	@$(OURS) -m scripts.lock
