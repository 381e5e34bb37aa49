"""Resolve requirements*.in into requirements*.txt: exact versions with hashes, for any platform.

The oldest Python we support decides, and no address of an index is written.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
]


def main() -> int:
    uv = Path(sys.executable).parent / "uv"
    # Each is resolved against the ones before, so the order matters.
    for name in ("requirements", "requirements-pv", "requirements-dev"):
        command: list[str | Path] = [uv, "pip", "compile", *OPTIONS, "--upgrade", *sys.argv[1:]]
        command += [f"{name}.in", "--output-file", f"{name}.txt"]
        if subprocess.run(command, cwd=ROOT, timeout=600, check=False).returncode:
            return 1
        print(f"lock: {name}.txt written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
