"""Every page: WCAG 2.2 AA in light and dark, desktop and phone, one heading, a title of its own.

The addresses come from the table of tests/test_every_url.py, so a new page is looked at without
anybody thinking of it.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from activations.catalog import sync as catalogues
from activations.imports import services as imports
from activations.imports.models import Upload
from activations.models import Activation
from activations.snapshots import services as snapshots
from activations.snapshots.models import Version
from activations.snapshots.registry import KINDS
from companies.staff.models import Colleague, Invitation
from companies.staff.sync import read_staff
from portal.operations import audit
from portal.operations.models import Attempt, LookUp, Operation, State
from tests.activations.wizard_steps import EQUIPMENT, SITE, fill_in
from tests.browsers import DESKTOP
from tests.conftest import PASSWORD
from tests.e2e import flows
from tests.e2e.hands import Mouse
from tests.e2e.inspection import Inspection
from tests.test_every_url import IN, NOBODY, PEOPLE, ROWS, things

pytestmark = pytest.mark.browser

__all__ = ["things"]
# Not pages: a redirect, plain text, a file, parts of pages.
NO_PAGES = {
    "home",
    "healthz",
    "readyz",
    "activations:export",
    "activations:resume",
    "activations:production-panel",
    "activations:branch-figures",
    "arrays:export",
    "devices:export",
    "devices:panel",
    "evchargers:export",
    "snapshots:line",
    "homeowners:freshness",
    "imports:template",
    "imports:errors",
    # A page for the invited alone, who has a test of its own below.
    "staff:join",
    "operations:progress",
    "operations:card",
    "operations:run-progress",
}
# Read once for each serial; 701 keeps the charger it has in tests/test_every_url.py.
WITH_KEYS = {
    "ev-chargers",
    *("meter", "device-telemetry"),
    *("ev-sessions", "ev-schedules", "ev-lifetime", "ev-energy"),
}
MESSAGES = {
    State.QUEUED: "Waits for a worker.",
    State.CONFIRMING: "18 of 24 producing.",
    State.NEEDS_REVIEW: "Enphase shows no trace of it after 5 look-ups.",
    State.CONFLICT: "Okafor residence exists already.",
    State.REJECTED: "The gateway has never reported. Check its internet connection.",
}


@pytest.fixture
def full_portal(portal, things, halcyon, alice, dana, sam, world):
    """A company with something of every kind: sites of all stages, drafts, all operations."""
    catalogues.refresh(halcyon)
    for site in Activation.objects.filter(system_id__in=(701, 703, 705)):
        snapshots.read_all(site, [(kind, "") for kind in KINDS if kind not in WITH_KEYS])
    # What the site was called before, so that there is something to write back.
    former = Version.objects.get(pk=things["site-version"]["version"])
    former.payload |= {"system_name": "Okafor house"}
    former.save()
    client = Client()
    client.force_login(alice)
    things["draft"] = things["full draft"] = {"key": fill_in(client, equipment=EQUIPMENT)}
    copy = SITE | {"street1": "12 Alder Court", "city": "Sacramento", "postal_code": "95814"}
    things["copied draft"] = {"key": fill_in(client, site=copy)}
    things["operations"] = {state: make_operation(state, halcyon, alice) for state in State}
    fill_staff(halcyon, dana)
    things["uploads"] = fill_imports(halcyon, alice)
    return things


def fill_staff(company, admin) -> None:
    """Members, users of Enphase with names and one without, invitations open and expired."""
    read_staff(company, names=True)
    Colleague.objects.filter(company=company, enphase_id=7).update(gone_at=None)
    address = "konstantin.freiherr.von.unwahrscheinlich-weizsaecker@example.com"
    invitation = Invitation(
        company=company, email=address, role="installer", invited_by=admin, times_sent=3
    )
    invitation.mint()
    invitation.expires_at = timezone.now() - timedelta(days=2)
    invitation.save()


def fill_imports(company, author) -> dict[str, Upload]:
    """A file in every state; the checked one has something new, a duplicate and an error."""
    rows = b"Austin\nAustin\n" + b"x" * 300 + b"\n"
    uploads = {}
    for state in Upload.State:
        content = b"Name,Project,Job\n" + (b"A,1,\nA,1,\n,," if state == "checked" else rows)
        upload = imports.upload(
            company,
            None,
            kind="activations",
            name=f"{state}.csv",
            content=content,
            actor=author,
        )
        if state == Upload.State.CHECKED:
            Upload.objects.filter(pk=upload.pk).update(state=Upload.State.CHECKING)
            imports.check(upload.pk)
        else:
            problem = "The rows could not be checked." if state == Upload.State.FAILED else ""
            Upload.objects.filter(pk=upload.pk).update(
                state=state, problem=problem, changed_at=timezone.now()
            )
        uploads[state] = upload
    return uploads


def make_operation(state: State, company, actor) -> Operation:
    """An operation in that state, with what its page then shows."""
    operation = Operation.objects.create(
        kind="activation.set_production_mode",
        key=f"state:{state}",
        title=f"Turn production on, {state}",
        subject="Okafor residence",
        company=company,
        actor=actor,
        actor_name=str(actor),
        activation=Activation.objects.get(company=company, system_id=701),
        state=state,
        before={"Production mode": "Off"},
        after={"Production mode": "On"},
        message=MESSAGES.get(state, ""),
        raw_error='{"message": "Not so"}' if state == State.REJECTED else "",
        progress={"done": 18, "total": 24, "unit": "producing"}
        if state in (State.CONFIRMING, State.OVERDUE)
        else {},
        pause_reason="reconnect" if state == State.PAUSED else "",
        not_before=timezone.now() + timedelta(hours=1),
        cost_cents=200 if state == State.NEEDS_REVIEW else 0,
    )
    Attempt.objects.create(
        operation=operation,
        number=1,
        fence=1,
        ground=Attempt.Ground.FIRST,
        outcome=Attempt.Outcome.UNKNOWN,
        http_status=504,
    )
    LookUp.objects.create(
        operation=operation, channel="list_activations by reference", finding="absent", rows=0
    )
    for tag in ("operation:queued", "operation:sent", "operation:lost"):
        audit.record(tag, operation, actor=actor, text="As it went.")
    return operation


def addresses(things, person: str, *starts: str) -> Iterator[str]:
    """Addresses of all pages this person may see, or of those whose names start so."""
    for name, (kwargs, allowed, _posts) in ROWS.items():
        if name in NO_PAGES or allowed is NOBODY or allowed[PEOPLE.index(person)] != IN:
            continue
        if not starts or name.startswith(starts):
            yield reverse(name, kwargs=things[kwargs] if isinstance(kwargs, str) else kwargs)


def of_site(system_id: int, name: str) -> str:
    return reverse(f"activations:{name}", args=[Activation.objects.get(system_id=system_id).pk])


def of_operation(things, state: State) -> str:
    return reverse("operations:detail", args=[things["operations"][state].pk])


def confirm_password(page) -> None:
    """Pages that matter ask once more who it is; after that they open for a while."""
    page.goto(reverse("account_reauthenticate"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.wait_for_url(lambda url: "reauthenticate" not in url)


def test_pages_of_an_admin(open_page, dana, full_portal):
    page = open_page(dana)
    inspection = Inspection(page)
    confirm_password(page)
    for url in addresses(full_portal, "dana"):
        inspection.visit(url)
    listing = reverse("activations:list")
    for query in ("view=all&stage=3", "q=nobody+has+this"):
        inspection.visit(f"{listing}?{query}")
    # Without owner and gateway, finished, and with a dead gateway.
    for system_id, name in ((702, "detail"), (703, "production"), (705, "detail"), (706, "detail")):
        inspection.visit(of_site(system_id, name))
    for state in (State.QUEUED, State.CONFIRMING, State.PAUSED, State.CONFLICT, State.REJECTED):
        inspection.visit(of_operation(full_portal, state))
    for step in ("people", "equipment", "grid"):
        inspection.visit(
            reverse("activations:wizard", kwargs=full_portal["draft"] | {"step": step})
        )
    inspection.visit(reverse("activations:check", kwargs=full_portal["copied draft"]))
    inspection.visit("/nothing/here/", status=404)
    inspection.assert_nothing()


def test_pages_of_staff_and_import_in_all_their_states(open_page, dana, full_portal):
    inspection = Inspection(open_page(dana))
    staff = reverse("staff:list")
    for query in ("who=invited", "who=enphase", "who=factorless", "q=nobody+has+this"):
        inspection.visit(f"{staff}?{query}")
    for colleague in Colleague.objects.exclude(enphase_id=7)[:1]:
        inspection.visit(reverse("staff:colleague", args=[colleague.pk]))
        inspection.visit(f"{reverse('staff:new')}?colleague={colleague.pk}")
    join = reverse("staff:join", kwargs=full_portal["link"])
    # Sent to another address.
    inspection.visit(join, status=409)
    stranger = Inspection(open_page())
    stranger.visit(join)
    stranger.assert_nothing()
    for upload in full_portal["uploads"].values():
        inspection.visit(reverse("imports:columns", args=[upload.pk]))
        inspection.visit(reverse("imports:upload", args=[upload.pk]))
    inspection.assert_nothing()


def test_pages_of_an_installer_and_of_support(open_page, alice, sam, full_portal):
    page = open_page(alice)
    installer = Inspection(page)
    # The others look as they do to an admin.
    for url in addresses(
        full_portal, "alice", "activations:list", "activations:detail", "companies:list"
    ):
        installer.visit(url)
    for state in (State.NEEDS_REVIEW, State.DONE, State.OVERDUE):
        installer.visit(of_operation(full_portal, state))
    installer.visit(reverse("staff:new"), status=403)
    # A form sent with mistakes.
    page.set_viewport_size(DESKTOP)
    page.goto(reverse("activations:wizard", kwargs=full_portal["full draft"] | {"step": "site"}))
    flows.labelled(page, "Name").fill("")
    flows.button(page, "Save and continue").click()
    expect(page.locator("#error-summary")).to_be_visible()
    installer.look()
    installer.assert_nothing()

    # Support sees every company before it opens one.
    support = Inspection(open_page(sam))
    seen = (
        "activations:list",
        "activations:detail",
        "operations:list",
        "companies:list",
        "homeowners:",
    )
    for url in addresses(full_portal, "sam", *seen):
        support.visit(url)
    support.assert_nothing()


ENTRANCE = (
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
    "account_inactive",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "enphase_login",
)
ACCOUNT = (
    "account_email",
    "account_change_password",
    "account_logout",
    "mfa_index",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "usersessions_list",
    "socialaccount_connections",
)


def test_pages_of_signing_in_and_of_an_account(open_page, dana, portal):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    entrance = Inspection(open_page())
    for name in ENTRANCE:
        entrance.visit(reverse(name))
    entrance.visit("/accounts/password/reset/key/1-not-a-key/")
    entrance.visit("/accounts/confirm-email/not-a-key/")
    page = entrance.page
    page.goto(reverse("account_login"))
    page.set_viewport_size(DESKTOP)
    page.get_by_label("Email").fill(dana.email)
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#error-summary")).to_be_visible()
    entrance.look()

    page = open_page()
    account = Inspection(page)
    flows.sign_in(Mouse(page), dana)
    account.visit(reverse("account_reauthenticate"))
    page.set_viewport_size(DESKTOP)
    confirm_password(page)
    for name in (*ACCOUNT, "mfa_activate_totp"):
        account.visit(reverse(name))
    TOTP.activate(dana, generate_totp_secret())
    RecoveryCodes.activate(dana)
    for name in (
        "mfa_index",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_deactivate_totp",
    ):
        account.visit(reverse(name))
    account.assert_nothing()

    # Signing in again asks for the code.
    page.context.clear_cookies()
    page.goto(reverse("account_login"))
    page.set_viewport_size(DESKTOP)
    page.get_by_label("Email").fill(dana.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/2fa/authenticate/**")
    entrance.page = page
    entrance.look()
    entrance.assert_nothing()
