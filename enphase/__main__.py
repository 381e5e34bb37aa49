"""`python -m enphase probe`: which operations do these credentials work for?"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from enphase.application import Application
from enphase.auth import password_grant
from enphase.client import Client
from enphase.endpoints import HITS_A_CENT
from enphase.errors import EnphaseError
from enphase.probe import Probe, Row

BASE_URL = "https://api.enphaseenergy.com"

# Only from the environment: arguments of a program can be read by everybody on a machine.
SECRETS = """\
environment, for what must not stand in a command line:
  ENPHASE_API_KEY, ENPHASE_CLIENT_SECRET   of the application
  ENPHASE_ACCESS_TOKEN                     of somebody who signed in already, or
  ENPHASE_PASSWORD                         of the Enlighten user
also: ENPHASE_API_URL, ENPHASE_CLIENT_ID, ENPHASE_USERNAME, in place of the options

Each call is a hit of the plan. Nothing is written, and live data ($0.10) are not asked for.
Exit status: 0 all reads answered, 1 some failed or were limited, 2 no usable credentials."""


@dataclass(frozen=True)
class _Token:
    """The token there is; a probe renews none, for that would end the portal's session."""

    token: str

    def access_token(self) -> str:
        return self.token

    def renew(self, rejected: str) -> str | None:
        return None


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program and return its exit status."""
    options = _parser(environment).parse_args(arguments)
    try:
        application = Application(
            environment.get("ENPHASE_API_KEY", ""),
            options.client_id,
            environment.get("ENPHASE_CLIENT_SECRET", ""),
        )
        token = _sign_in(options, application, environment)
        probe = Probe(
            lambda on_hit: Client(options.base_url, application, _Token(token), on_hit=on_hit),
            system_id=options.system,
            sites=options.sites,
        )
    except (ValueError, EnphaseError) as error:
        sys.stderr.write(f"No usable credentials: {error}\n")
        return 2
    rows = probe.run()
    if options.json:
        found = {
            "base_url": options.base_url,
            "hits": probe.hits,
            "dollars_at_most": probe.hits / HITS_A_CENT / 100,
            "operations": [row.as_dict() for row in rows],
        }
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write(as_table(rows, probe.hits))
    return 1 if any(row.result in ("failed", "limited") for row in rows) else 0


def as_table(rows: Sequence[Row], hits: int) -> str:
    """Return the rows as text, and what they sum up to."""
    heading = f"{'operation':<34} {'result':<8} {'status':>6} {'hits':>4}  note"
    lines = [heading, "-" * len(heading)]
    for row in rows:
        status = "" if row.status is None else str(row.status)
        line = f"{row.operation:<34} {row.result:<8} {status:>6} {row.hits:>4}  {row.note}"
        lines.append(line.rstrip())
    counted = Counter(row.result for row in rows)
    summary = ", ".join(f"{count} {result}" for result, count in counted.most_common())
    dollars = hits / HITS_A_CENT / 100
    lines += ["", f"{len(rows)} operations: {summary}.", f"{hits} hits, at most ${dollars:.2f}."]
    return "\n".join(lines) + "\n"


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m enphase",
        description="A client of the Enphase API v4.",
        epilog=SECRETS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    probe = commands.add_parser(
        "probe",
        help="try each read that costs nothing beyond a hit, and print what came of it",
        epilog=SECRETS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    probe.add_argument(
        "--base-url", default=environment.get("ENPHASE_API_URL") or BASE_URL, help="the API"
    )
    probe.add_argument(
        "--client-id", default=environment.get("ENPHASE_CLIENT_ID", ""), help="of the application"
    )
    probe.add_argument(
        "--username", default=environment.get("ENPHASE_USERNAME", ""), help="Enlighten e-mail"
    )
    probe.add_argument("--system", type=int, help="ask about this system only")
    probe.add_argument(
        "--sites", type=int, default=10, help="look for devices at so many systems (10)"
    )
    probe.add_argument("--json", action="store_true", help="print JSON in place of a table")
    return parser


def _sign_in(
    options: argparse.Namespace, application: Application, environment: Mapping[str, str]
) -> str:
    """Return an access token: the one that is given, or a new one for user and password."""
    token = environment.get("ENPHASE_ACCESS_TOKEN", "")
    if not application.api_key:
        raise ValueError("ENPHASE_API_KEY is not set.")
    if token:
        return token
    password = environment.get("ENPHASE_PASSWORD", "")
    if not (options.username and password):
        raise ValueError("Set ENPHASE_ACCESS_TOKEN, or ENPHASE_USERNAME and ENPHASE_PASSWORD.")
    return password_grant(options.base_url, application, options.username, password).access_token


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
