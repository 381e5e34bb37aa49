"""House rules that no linter knows, over every file git knows or would add.

Templates carry no inline style, script or handler (the content security policy refuses them);
nothing committed names a path of one machine or the address of a package registry; nothing is
marked as unfinished.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Rule:
    name: str
    pattern: re.Pattern[str]
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        return (not self.only or path.startswith(self.only)) and not path.startswith(self.but)


# Written in pieces, so that this file does not break its own rules.
REGISTRIES = r"(pypi\.(org|python)|files\.python" r"hosted|registry\.(npm|yarn)|npm" r"mirror)"
MACHINE = r"(?<![\w.>)}/-])/(work|root|farm|opt/py" r"pi)(/|\b)"
UNFINISHED = r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.DOTALL)

RULES = [
    Rule("address of a package registry", re.compile(REGISTRIES)),
    Rule("path of one machine", re.compile(MACHINE)),
    Rule("marked as unfinished", re.compile(UNFINISHED), but=("docs/decisions/",)),
    Rule("inline style", re.compile(r"<style\b|\sstyle\s*="), only=("templates/",)),
    # Data for a script (type="application/json") is never executed, so it is none.
    Rule(
        "inline script",
        re.compile(r"<script(?![^>]*(\ssrc=|type=\"application/json\"))|javascript:"),
        only=("templates/",),
    ),
    Rule("inline handler", re.compile(r"\s(on[a-z]+|hx-on[\w:-]*)\s*="), only=("templates/",)),
]


def main() -> int:
    found = [line for path in files() for line in broken_rules(path)]
    print("\n".join(found) or "files: every house rule holds")
    return 1 if found else 0


def files() -> list[str]:
    """Committed files, and new ones that are not ignored, relative to the root."""
    answer = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return sorted(path for path in set(answer.stdout.split("\0")) if (ROOT / path).is_file())


def broken_rules(path: str) -> Iterator[str]:
    try:
        text = (ROOT / path).read_text()
    except UnicodeDecodeError:
        return  # a picture
    if path.startswith("templates/"):
        text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for rule in RULES:
        if rule.covers(path):
            for hit in rule.pattern.finditer(text):
                number = text.count("\n", 0, hit.start()) + 1
                yield f"{path}:{number}: {rule.name}: {hit[0].strip()}"


if __name__ == "__main__":
    sys.exit(main())
