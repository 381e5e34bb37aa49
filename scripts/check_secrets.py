"""No secret is committed, beyond those reviewed in .secrets.baseline.

After looking at a finding that is none (a password of the pretend world, say), accept it with
`python -m scripts.check_secrets --accept`.
"""

import subprocess
import sys
from pathlib import Path

from scripts.check_files import files

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ".secrets.baseline"
# Digests that packagers want to be public; the tool would report thousands of them.
NOT_LOOKED_AT = ("requirements.txt", "requirements-dev.txt", "package-lock.json", BASELINE)


def main() -> int:
    paths = [path for path in files() if path not in NOT_LOOKED_AT]
    program = Path(sys.executable).parent
    command: list[str | Path]
    if "--accept" in sys.argv:
        command = [program / "detect-secrets", "scan", "--baseline", BASELINE, *paths]
    else:
        command = [program / "detect-secrets-hook", "--baseline", BASELINE, *paths]
    return subprocess.run(command, cwd=ROOT, timeout=300, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
