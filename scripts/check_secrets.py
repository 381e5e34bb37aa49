"""No secret is committed, beyond those reviewed in .secrets.baseline.

After looking at a finding that is none (a password of the pretend world, say), accept it with
`python -m scripts.check_secrets --accept`.
"""

import json
import sys

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from scripts.check_files import ROOT, files

BASELINE = ROOT / ".secrets.baseline"
# Digests that packagers want to be public; the tool would report thousands of them.
NOT_LOOKED_AT = {"requirements.txt", "requirements-dev.txt", "package-lock.json", BASELINE.name}


def main() -> int:
    paths = [path for path in files() if path not in NOT_LOOKED_AT]
    with default_settings():
        found = scan(paths)
        if "--accept" in sys.argv:
            # Slim: no dates and line numbers, which would change with every edit.
            output = baseline.format_for_output(found, is_slim_mode=True)
            # The tool writes where on this machine a file lies; that is nobody's business.
            text = json.dumps(output, indent=2).replace(f"{ROOT}/", "")
            BASELINE.write_text(f"{text}\n")
            return 0
    known = reviewed()
    new = [
        f"{path}:{secret.line_number}: {secret.type}"
        for path, secret in found
        if (path, secret.secret_hash) not in known
        # Tests name the passwords of their own people all the time.
        and not (path.startswith("tests/") and secret.type == "Secret Keyword")
    ]
    print("\n".join(new) or "secrets: none beyond the reviewed ones")
    if new:
        print("Take it out; or, if it is no secret: python -m scripts.check_secrets --accept")
    return 1 if new else 0


def scan(paths: list[str]) -> SecretsCollection:
    found = SecretsCollection(root=str(ROOT))
    found.scan_files(*paths)
    return found


def reviewed() -> set[tuple[str, str]]:
    """Path and digest of every finding that somebody looked at."""
    accepted = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"results": {}}
    return {
        (path, secret["hashed_secret"])
        for path, secrets in accepted["results"].items()
        for secret in secrets
    }


if __name__ == "__main__":
    sys.exit(main())
