"""Every address of the portal, asked for by everybody: who gets in, who gets 403, who 404.

An address without a row here fails the first test, so nobody can forget to think about it.
"""

import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from activations import sync
from activations.arrays.layout import Plan, to_json
from activations.arrays.models import LayoutDraft
from activations.catalog.models import PvManufacturer
from activations.estimates.models import Proposal
from activations.imports.models import Upload
from activations.models import Activation, Draft
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot, Version
from activations.tariffs.models import TariffTemplate
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.middleware import SESSION_KEY
from companies.models import Membership
from companies.staff.models import Colleague, Invitation
from portal.connections.models import Account
from portal.operations.models import Operation, Run, RunItem, State
from tests.activations.arrays import roofs
from tests.worlds import World

pytestmark = pytest.mark.django_db

LOGIN, IN, NO, GONE = "login", "in", 403, 404
PEOPLE = ("anonymous", "alice", "bob", "dana", "charlie", "sam")
# Who gets what, in the order of PEOPLE. Objects in the addresses belong to Halcyon.
EVERYBODY = (IN, IN, IN, IN, IN, IN)
SIGNED_IN = (LOGIN, IN, IN, IN, IN, IN)
SEEN = (LOGIN, IN, IN, IN, GONE, IN)  # alice's company, and support
CHANGED = (LOGIN, IN, NO, IN, GONE, NO)  # installers and admins of that company
ADMINISTERED = (LOGIN, NO, NO, IN, GONE, NO)  # its admins
WORK = (LOGIN, IN, NO, IN, IN, NO)  # installers and admins, each in their own company
ADMIN = (LOGIN, NO, NO, IN, IN, NO)  # admins, each in their own company
JOINS = (LOGIN, IN, IN, IN, IN, GONE)  # support looks at companies and joins none
NAMED = (LOGIN, GONE, NO, GONE, GONE, NO)  # as CHANGED, but 404 without saying which one
NOBODY = None  # this method is not offered: 405

# name -> (kwargs, who may GET, who may POST)
ROWS: dict[str, tuple[Any, Any, Any]] = {
    "home": ({}, SIGNED_IN, NOBODY),
    "healthz": ({}, EVERYBODY, NOBODY),
    "readyz": ({}, EVERYBODY, NOBODY),
    "activations:list": ({}, SIGNED_IN, NOBODY),
    "activations:export": ({}, SIGNED_IN, NOBODY),
    "activations:refresh": ({}, NOBODY, WORK),
    "activations:bulk": ({}, WORK, NOBODY),
    "activations:bulk-action": ({"kind": "grid-profile"}, WORK, WORK),
    "activations:new": ({}, WORK, WORK),
    "activations:resume": ("draft", CHANGED, NOBODY),
    "activations:wizard": ("draft-step", CHANGED, CHANGED),
    "activations:check": ("draft", CHANGED, CHANGED),
    "activations:look-up": ("draft", NOBODY, CHANGED),
    "activations:discard": ("draft", NOBODY, CHANGED),
    "activations:branch-figures": ({}, SIGNED_IN, NOBODY),
    "activations:detail": ("site", SEEN, NOBODY),
    "activations:site": ("site", SEEN, CHANGED),
    "activations:equipment": ("site", SEEN, CHANGED),
    "activations:grid": ("site", SEEN, CHANGED),
    "activations:people": ("site", SEEN, CHANGED),
    "activations:revoke": ("site-owner", CHANGED, CHANGED),
    "activations:person": ("site-owner", SEEN, CHANGED),
    "activations:move-out": ("site", SEEN, CHANGED),
    "activations:invitation": ("site-invitation", SEEN, CHANGED),
    "activations:member": ("site-member", SEEN, NOBODY),
    "activations:lost": ({}, SIGNED_IN, NOBODY),
    "activations:ask-again": ("lost-site", NOBODY, CHANGED),
    "activations:production": ("site", SEEN, NOBODY),
    "devices:list": ("site", SEEN, NOBODY),
    "devices:export": ("site", SEEN, NOBODY),
    "devices:panel": ("site", SEEN, NOBODY),
    "devices:detail": ("site-device", SEEN, NOBODY),
    "activations:production-panel": ("site", SEEN, NOBODY),
    "activations:switch": ("site-mode", CHANGED, CHANGED),
    "activations:history": ("site", SEEN, NOBODY),
    "activations:delete": ("site", CHANGED, ADMINISTERED),
    "arrays:plan": ("site", SEEN, NOBODY),
    "arrays:act": ("site", NOBODY, CHANGED),
    "arrays:review": ("site", CHANGED, CHANGED),
    "arrays:scan": ("site", CHANGED, CHANGED),
    "arrays:import": ("site", CHANGED, CHANGED),
    "arrays:export": ("site", SEEN, NOBODY),
    "arrays:array": ("site-array", SEEN, CHANGED),
    "arrays:array-delete": ("site-array", CHANGED, CHANGED),
    "controls:battery": ("site", SEEN, CHANGED),
    "controls:loads": ("site", SEEN, NOBODY),
    "controls:load": ("site-load", CHANGED, CHANGED),
    "snapshots:refresh": ("site", NOBODY, (LOGIN, GONE, GONE, GONE, GONE, GONE)),
    "snapshots:line": ("site", SEEN, NOBODY),
    "snapshots:keep": ("site-version", NOBODY, CHANGED),
    "snapshots:restore": ("site-version", CHANGED, CHANGED),
    "snapshots:history": ("site-kind", SEEN, NOBODY),
    "snapshots:history-of": ("site-thing", SEEN, NOBODY),
    "operations:list": ({}, SIGNED_IN, NOBODY),
    "estimates:estimate": ("site", SEEN, CHANGED),
    "estimates:check": ("site", NOBODY, CHANGED),
    "estimates:arrays": ("site", CHANGED, CHANGED),
    "estimates:proposal": ("site-proposal", SEEN, NOBODY),
    "evchargers:list": ("site", SEEN, NOBODY),
    "evchargers:detail": ("site-charger", SEEN, NOBODY),
    "evchargers:control": ("site-charger-start", CHANGED, CHANGED),
    "evchargers:export": ("site-charger-days", SEEN, NOBODY),
    "meters:list": ("site", SEEN, NOBODY),
    "meters:detail": ("site-meter", SEEN, NOBODY),
    "meters:date": ("site-meter", CHANGED, CHANGED),
    "meters:switch": ("site-meter-state", CHANGED, CHANGED),
    "operations:detail": ("operation", SEEN, NOBODY),
    "operations:progress": ("operation", SEEN, NOBODY),
    "operations:card": ("operation", SEEN, NOBODY),
    "operations:cancel": ("operation", NOBODY, CHANGED),
    "operations:check-again": ("operation", NOBODY, CHANGED),
    "operations:send-again": ("operation", ADMINISTERED, ADMINISTERED),
    "operations:close": ("operation", ADMINISTERED, ADMINISTERED),
    "operations:override": ("operation", CHANGED, CHANGED),
    "operations:runs": ({}, SIGNED_IN, NOBODY),
    "operations:run": ("run", SEEN, NOBODY),
    "operations:run-progress": ("run", SEEN, NOBODY),
    "operations:run-start": ("run", NOBODY, CHANGED),
    "operations:run-approve": ("run", NOBODY, ADMINISTERED),
    "operations:run-control": ("run", NOBODY, CHANGED),
    "operations:run-undo": ("run", NOBODY, CHANGED),
    "companies:list": ({}, SIGNED_IN, NOBODY),
    "companies:connect": ({}, JOINS, JOINS),
    "companies:refresh": ({}, NOBODY, WORK),
    "companies:subcontractors": ({}, SIGNED_IN, NOBODY),
    "companies:switch": ({}, NOBODY, SEEN),
    "staff:list": ({}, ADMIN, NOBODY),
    "staff:refresh": ({}, NOBODY, ADMIN),
    "staff:new": ({}, ADMIN, ADMIN),
    "staff:roles": ({}, SIGNED_IN, NOBODY),
    "staff:member": ("membership", ADMINISTERED, ADMINISTERED),
    "staff:goodbye": ("membership", ADMINISTERED, ADMINISTERED),
    "staff:colleague": ("colleague", ADMINISTERED, ADMINISTERED),
    "staff:send-again": ("invitation", NOBODY, ADMINISTERED),
    "staff:withdraw": ("invitation", NOBODY, ADMINISTERED),
    "staff:join": ("link", EVERYBODY, EVERYBODY),
    "homeowners:list": ({}, SIGNED_IN, NOBODY),
    "homeowners:new": ({}, WORK, WORK),
    "homeowners:creating": ("new-owner", SEEN, NOBODY),
    "homeowners:detail": ("home-owner", SEEN, NOBODY),
    "homeowners:refresh": ("home-owner", NOBODY, CHANGED),
    "homeowners:freshness": ("home-owner", SEEN, NOBODY),
    "homeowners:edit": ("home-owner", CHANGED, CHANGED),
    "catalog:grid-profiles": ({}, SIGNED_IN, NOBODY),
    "catalog:pv-modules": ({}, SIGNED_IN, NOBODY),
    "catalog:pv-models": ("maker", SIGNED_IN, WORK),
    "tariffs:tariff": ("site", SEEN, CHANGED),
    "tariffs:panel": ("site", SEEN, NOBODY),
    "tariffs:review": ("site", CHANGED, CHANGED),
    "tariffs:discard": ("site", NOBODY, CHANGED),
    "tariffs:reopen": ("site", NOBODY, CHANGED),
    "tariffs:keep-reset": ("site", NOBODY, CHANGED),
    "tariffs:use-template": ("site", CHANGED, NAMED),
    "tariffs:copy": ("site", CHANGED, NAMED),
    "tariffs:save-template": ("site", CHANGED, CHANGED),
    "tariff-templates:list": ({}, SIGNED_IN, NOBODY),
    "tariff-templates:change": ("tariff-template", SEEN, CHANGED),
    "tariff-templates:delete": ("tariff-template", CHANGED, CHANGED),
    "connections:settings": ({}, SIGNED_IN, NOBODY),
    "connections:test": ({}, NOBODY, WORK),
    "connections:connect": ({}, ADMIN, ADMIN),
    "connections:disconnect": ({}, ADMIN, ADMIN),
    "imports:list": ({}, WORK, WORK),
    "imports:template": ("template", WORK, NOBODY),
    "imports:upload": ("upload", CHANGED, NOBODY),
    "imports:columns": ("upload", CHANGED, CHANGED),
    "imports:forget": ("upload", NOBODY, CHANGED),
    "imports:errors": ("upload-errors", CHANGED, NOBODY),
    "usage:usage": ({}, SIGNED_IN, NOBODY),
    "ui:menu": ({}, SIGNED_IN, NOBODY),
    "ui:statuses": ({}, SIGNED_IN, NOBODY),
    "ui:appearance": ({}, SIGNED_IN, SIGNED_IN),
    "ui:shortcuts": ({}, SIGNED_IN, SIGNED_IN),
}
# What an estimate was worked out from.
ROOF = {
    "latitude": 38.6,
    "longitude": -121.5,
    "place": "entered",
    "module_w": 400,
    "performance_percent": 82,
    "shading_percent": 0,
    "clearness": [70] * 12,
    "planes": [{"label": "Roof", "azimuth": 180, "tilt": 22, "modules": 24}],
}
# Addresses of allauth: their rules are allauth's, tests/portal/users covers what we set there.
LIBRARY = ("account_", "mfa_", "socialaccount_", "usersessions_", "enphase_", "social/")


def names(resolver: URLResolver | None = None, prefix: str = "") -> set[str]:
    found = set()
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            found.add(f"{prefix}{entry.name or entry.pattern}")
        else:
            space = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            found |= names(entry, space)
    return found


def test_every_address_has_a_row():
    ours = {name for name in names() if not name.startswith(LIBRARY)}
    assert ours == set(ROWS)


@pytest.fixture
def cast(alice, bob, dana, charlie, sam):
    return {"alice": alice, "bob": bob, "dana": dana, "charlie": charlie, "sam": sam}


@pytest.fixture
def things(halcyon, bluebonnet, alice, bob, world):
    """One thing of Halcyon for every kind of address."""
    sync.sweep(halcyon)
    site = Activation.objects.get(company=halcyon, system_id=701)
    # The sweep has met her as owner of a site.
    owner = HomeOwner.objects.get(company=halcyon, enphase_id=3001)
    SiteAccess.objects.create(home_owner=owner, activation=site, state=SiteAccess.State.HAS_ACCESS)
    PvManufacturer.objects.create(enphase_id=109, name="Alps Technology")
    draft = Draft.objects.create(company=halcyon, author=alice, uuid=uuid.uuid4())
    template = TariffTemplate.objects.create(company=halcyon, name="Flat", tariff={})
    operation = Operation.objects.create(
        kind="create_activation",
        key="create:x",
        title="Create Ridge house",
        company=halcyon,
        actor=alice,
        state=State.NEEDS_REVIEW,
    )
    create = Operation.objects.create(
        kind="home_owner.create", key="owner:x", title="Create home owner", company=halcyon
    )
    grant = Operation.objects.create(
        kind="home_owner.grant_access",
        key="access:x",
        title="Give access",
        company=halcyon,
        activation=site,
        payload={"person": {"email": "x@example.com", "operation": create.pk}},
    )
    lost = Activation.objects.get(company=halcyon, system_id=702)
    sync.forget(lost, lost=True)
    proposal = Proposal.objects.create(activation=site, problem="Not worked out", assumptions=ROOF)
    colleague = Colleague.objects.create(company=halcyon, enphase_id=7, email="x@example.com")
    invitation = Invitation(company=halcyon, email="erin@example.com", role="viewer")
    secret = invitation.mint()
    invitation.save()
    run = Run.objects.create(kind="import-activations", title="Import", company=halcyon)
    RunItem.objects.create(run=run, number=1, name="Row 1", state=RunItem.State.CANNOT)
    upload = Upload.objects.create(
        company=halcyon,
        kind="activations",
        name="x.csv",
        header=["Name"],
        rows=[["A"]],
        state=Upload.State.CHECKED,
        run=run,
    )
    snapshots.refresh(site, "activation")
    Snapshot.objects.create(activation=site, kind="activation", key="901")
    version = Version.objects.get(snapshot__activation=site, snapshot__key="")
    snapshots.refresh(site, "devices")
    charger = {"serial_number": "202400000701"}
    snapshots.keep(site, "ev-chargers", {"system_id": 701, "devices": {"ev_chargers": [charger]}})
    LayoutDraft.objects.create(activation=site, plan=to_json(roofs.plan()), base=to_json(Plan()))
    run = Run.objects.create(kind="grid-profile", title="Set", company=halcyon, created_by=alice)
    return {
        "company": halcyon.pk,
        "site": {"pk": site.pk},
        "site-kind": {"pk": site.pk, "kind": "activation"},
        "site-thing": {"pk": site.pk, "kind": "activation", "key": "901"},
        "site-version": {"pk": site.pk, "version": version.pk},
        "site-owner": {"pk": site.pk, "owner": owner.pk},
        "site-mode": {"pk": site.pk, "mode": "on"},
        "site-load": {"pk": site.pk, "name": "NC1"},
        "site-invitation": {"pk": site.pk, "operation": grant.pk},
        "site-member": {"pk": site.pk, "membership": Membership.objects.get(user=bob).pk},
        "lost-site": {"pk": lost.pk},
        "home-owner": {"pk": owner.pk},
        "new-owner": {"pk": create.pk},
        "site-meter": {"pk": site.pk, "serial": "202300000701EIM1"},
        "site-meter-state": {"pk": site.pk, "serial": "202300000701EIM1", "state": "on"},
        "site-charger": {"pk": site.pk, "serial": "202400000701"},
        "site-charger-start": {"pk": site.pk, "serial": "202400000701", "action": "start"},
        "site-charger-days": {"pk": site.pk, "serial": "202400000701", "what": "days"},
        "site-proposal": {"pk": site.pk, "number": proposal.pk},
        "site-device": {"pk": site.pk, "serial": "202300000701"},
        "site-array": {"pk": site.pk, "ref": "a1"},
        "draft": {"key": draft.uuid},
        "draft-step": {"key": draft.uuid, "step": "site"},
        "operation": {"pk": operation.pk},
        "run": {"pk": run.pk},
        "membership": {"pk": Membership.objects.get(user=bob).pk},
        "maker": {"enphase_id": 109},
        "tariff-template": {"template": template.pk},
        "colleague": {"pk": colleague.pk},
        "invitation": {"pk": invitation.pk},
        "link": {"secret": secret},
        "template": {"kind": "activations", "file_type": "csv"},
        "upload": {"pk": upload.pk},
        "upload-errors": {"pk": upload.pk, "file_type": "csv"},
    }


@pytest.mark.parametrize("name", ROWS)
def test_who_gets_in(name, things, cast, client, world):
    kwargs, *allowed = ROWS[name]
    url = reverse(name, kwargs=things[kwargs] if isinstance(kwargs, str) else kwargs)
    wrong = []
    for method, expected in zip(("get", "post"), allowed, strict=True):
        for number, person in enumerate(PEOPLE):
            client.logout()
            if person != "anonymous":
                client.force_login(cast[person])
            if person == "sam":
                # Support opens a company first, by the switcher.
                session = client.session
                session[SESSION_KEY] = things["company"]
                session.save()
            outcome = None if expected is NOBODY else expected[number]
            mistake = visit(client, method, url, outcome, world, {"company": things["company"]})
            if mistake:
                wrong.append(f"{person} {method}: {mistake}")
    assert not wrong, "\n".join(wrong)


def visit(
    client: Client, method: str, url: str, outcome: Any, world: World, data: dict[str, Any]
) -> str:
    """Ask once, undo what it did, and say what was not as expected."""
    before, hits = count_rows(), world.hits
    undo = transaction.savepoint()
    answer = getattr(client, method)(url, data)
    changed = count_rows() != before or world.hits != hits
    transaction.savepoint_rollback(undo)

    to_login = "/accounts/login" in answer.headers.get("Location", "")
    if outcome is None:
        fits = answer.status_code == 405 or to_login
    elif outcome == IN:
        return "" if answer.status_code in (200, 302, 409, 422) and not to_login else f"{answer}"
    elif outcome == LOGIN:
        fits = answer.status_code == 302 and to_login
    else:
        fits = answer.status_code == outcome
    # Turned away means: nothing changed, and Enphase was not asked.
    return "" if fits and not changed else f"{answer}, changed: {changed}"


def count_rows() -> tuple[int, ...]:
    tables = (Operation, Run, Membership, Draft, HomeOwner, Activation, Account)
    return tuple(table.objects.count() for table in tables)
