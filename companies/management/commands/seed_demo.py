"""Fill an empty portal with the demo: people, companies, sites. A second run changes nothing."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from companies.models import Company, Membership
from companies.services import connect_company
from enphase import EnphaseError, Rejected
from portal.connections.services import PAGE_TIMEOUTS, NeedsReconnect, client_for, connect
from portal.ui.errors import Refused
from portal.users.models import User

PASSWORD = "ridgeline-demo"  # noqa: S105 - a demo login, printed below
ENLIGHTEN_PASSWORD = "sandbox-pass"  # noqa: S105 - of the sandbox's people

HALCYON, BLUEBONNET = "Halcyon Solar", "Bluebonnet Energy"
COMPANIES = {
    HALCYON: ("dana@example.com", "dana@halcyon.example"),
    BLUEBONNET: ("charlie@example.com", "tess@bluebonnet.example"),
}
PEOPLE = [
    ("alice@example.com", "Alice Ferrer", HALCYON, "installer"),
    ("dana@example.com", "Dana Whitfield", HALCYON, "admin"),
    ("bob@example.com", "Bob Lindqvist", HALCYON, "viewer"),
    ("charlie@example.com", "Charlie Okafor", BLUEBONNET, "admin"),
    ("sam@example.com", "Sam Iwata", "", "support"),
]


class Command(BaseCommand):
    help = "Demo logins, two companies connected to the sandbox, and their sites."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--no-sweep", action="store_true", help="Leave the sites to the scheduled sweep."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ENPHASE_IS_SANDBOX:
            raise CommandError(
                "ENPHASE_API_URL names the real Enphase. The demo belongs on a sandbox."
            )
        users = {
            email: make_user(email, name, is_support=role == "support")
            for email, name, _, role in PEOPLE
        }
        try:
            companies = {
                name: connected(name, users[admin], enlighten_email)
                for name, (admin, enlighten_email) in COMPANIES.items()
            }
            for email, _, where, role in PEOPLE:
                if where:
                    Membership.objects.get_or_create(
                        user=users[email], company=companies[where], defaults={"role": role}
                    )
            fresh = [company for company in companies.values() if is_new(company)]
            if fresh and not options["no_sweep"]:
                for company in fresh:
                    call_command("sweep_activations", company=company.pk)
                call_command("refresh_catalogues")
        except (Refused, EnphaseError) as error:
            raise CommandError(f"The sandbox did not play along: {error}") from error

        self.stdout.write("Sign in with any of these; the password is " + PASSWORD)
        for email, name, where, role in PEOPLE:
            does = f"{role} at {where}" if where else "support, sees every company"
            self.stdout.write(f"  {email:<20} {name}, {does}")


def make_user(email: str, name: str, *, is_support: bool) -> User:
    """A person who can sign in at once: with a password and a verified address."""
    user: User | None = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=name, is_support=is_support)
    EmailAddress.objects.get_or_create(
        user=user, email=email, defaults={"verified": True, "primary": True}
    )
    return user


def connected(name: str, admin: User, enlighten_email: str) -> Company:
    """The company, connected to the sandbox by a real password grant where it is not yet."""
    company: Company | None = Company.objects.tenants().filter(name=name).first()
    if company is None:
        return connect_company(username=enlighten_email, password=ENLIGHTEN_PASSWORD, actor=admin)
    if not works(company):
        connect(company, username=enlighten_email, password=ENLIGHTEN_PASSWORD, actor=admin)
    return company


def works(company: Company) -> bool:
    """Does the sandbox still know our tokens? It may have begun a new world since."""
    try:
        with client_for(company.pk, timeouts=PAGE_TIMEOUTS) as client:
            client.users.get_current_user()
    except (NeedsReconnect, Rejected):
        return False
    return True


def is_new(company: Company) -> bool:
    """No site has been read yet; the name of the relation is the upper app's."""
    activations: Any = getattr(company, "activations")  # noqa: B009
    return not activations.exists()
