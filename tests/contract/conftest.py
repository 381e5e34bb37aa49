"""The sandbox as a program, and the contract that lies beside a work tree only."""

import sys
from collections.abc import Iterator

import pytest

from scripts.contract import CONTRACT, READY, ROOT
from scripts.contract_document import Document
from scripts.programs import Program


@pytest.fixture(scope="package")
def document() -> Document:
    if not CONTRACT.exists():
        pytest.skip("the contract is not part of the repository; it lies beside a work tree only")
    return Document.read(CONTRACT)


@pytest.fixture(scope="package")
def sandbox(document: Document) -> Iterator[str]:
    """The address of a sandbox of our own."""
    program = Program(
        "sandbox", [sys.executable, "-m", "sandbox", "--port", "0", "--fast"], folder=ROOT
    )
    try:
        yield program.wait_for_line(READY, 30)[1]
    finally:
        program.stop()
