"""The client and the sandbox, which share no line of code, understand each other.

The sandbox runs as a program of its own; its ledger says what really happened.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enphase import (
    Application,
    Client,
    Hit,
    InvalidGrant,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Timeouts,
    password_grant,
    refresh_grant,
)
from tests.enphase.pretend import APPLICATION, PASSWORD, Account, Sandbox

QUICK = Timeouts(connect=2.0, read=1.0, deadline=1.5)

ADDRESS = {
    "street1": "12 Orchard Lane",
    "city": "Davis",
    "state": "CA",
    "postal_code": "95616",
    "country": "US",
}
CALIFORNIAN = {
    "system_name": "Orchard Lane 12",
    "reference": "ORCH12K7F3S",
    "address": ADDRESS,
    "grid_connection_type": 2,
    "third_party_storage_device_installed": False,
    "operational": False,
    "allow_public_access": False,
}


@pytest.fixture
def hasty(sandbox: Sandbox, account: Account, hits: list[Hit]) -> Iterator[Client]:
    """A client that does not wait long."""
    timeouts = {"*": QUICK}
    with Client(sandbox.url, APPLICATION, account, on_hit=hits.append, timeouts=timeouts) as made:
        yield made


# Tokens


@pytest.mark.parametrize("place", ["query", "body"])
def test_signing_in_and_refreshing(sandbox: Sandbox, place: Any) -> None:
    tokens = password_grant(
        sandbox.url, APPLICATION, "dana@halcyon.example", PASSWORD, credentials_in=place
    )
    assert (tokens.enl_uid, tokens.enl_cid) == (2001, 9)
    assert tokens.expires_at > datetime.now(UTC) + timedelta(hours=12)
    renewed = refresh_grant(sandbox.url, APPLICATION, tokens.refresh_token, credentials_in=place)
    assert renewed.access_token != tokens.access_token
    assert renewed.refresh_token not in ("", tokens.refresh_token)
    with pytest.raises(InvalidGrant):
        refresh_grant(sandbox.url, APPLICATION, tokens.refresh_token, credentials_in=place)


def test_wrong_password_and_wrong_secret(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidGrant):
        password_grant(sandbox.url, APPLICATION, "dana@halcyon.example", "not it")
    stranger = Application("sandbox-key", "sandbox-client", "not-it")
    with pytest.raises(Rejected) as caught:
        password_grant(sandbox.url, stranger, "dana@halcyon.example", PASSWORD)
    assert not isinstance(caught.value, InvalidGrant)


def test_a_revoked_token_is_renewed_once_for_a_read(
    client: Client, sandbox: Sandbox, account: Account, hits: list[Hit]
) -> None:
    sandbox.fault("get_current_user", "token_revoked")
    assert client.users.get_current_user().user_id == 2001
    assert [hit.status for hit in hits] == [401, 200]
    assert account.renewals == 1


def test_a_key_of_another_application(sandbox: Sandbox, account: Account) -> None:
    mixed = Application("sandbox-key-2", "sandbox-client", "sandbox-secret")
    with Client(sandbox.url, mixed, account) as client, pytest.raises(Rejected) as caught:
        client.users.get_current_user()
    assert caught.value.status == 401


# Who and what


def test_who_the_token_acts_as(client: Client) -> None:
    user = client.users.get_current_user()
    assert (user.user_id, user.email) == (2001, "dana@halcyon.example")
    assert user.company is not None
    assert (user.company.company_id, user.company.state, user.company.country) == (9, "CA", "US")
    assert client.users.get_current_user(expand_company=False).company is None


def test_branches_and_subcontractors(client: Client) -> None:
    own = client.companies.list_company_branches()
    assert (own.company_id, own.company_name) == (9, "Halcyon Solar")
    assert {branch.company_id for branch in own.branches} == {81, 82}
    found = client.companies.list_authorized_subcontractors()
    enabled = {row.company_id: row.is_enabled for row in found.authorized_subcontractors}
    assert enabled == {50: True, 51: False}


def test_catalogues(client: Client) -> None:
    profiles = client.catalog.list_grid_profiles()
    assert profiles
    assert all(len(profile.id) == 24 and profile.created for profile in profiles)
    makers = client.catalog.list_pv_manufacturers()
    assert makers
    models = client.catalog.list_pv_models(makers[0].id)
    assert models.manufacturer is not None
    assert (models.manufacturer.id, bool(models.models)) == (makers[0].id, True)
    with pytest.raises(Rejected) as caught:
        client.catalog.list_pv_models(987654)
    assert (caught.value.status, caught.value.texts) == (404, ["Manufacturer not found"])


def test_people(client: Client, sandbox: Sandbox) -> None:
    known = client.users.search_users("ada.okafor@example.com")
    assert known is not None
    assert (known.user_id, known.company_id) == (3001, None)
    assert client.users.search_users("nobody+here@example.com") is None

    owner = client.users.create_home_owner(
        "new+owner@example.com", "Zoë", "Müller & Co", phone="555-0100"
    )
    assert (owner.email, owner.name) == ("new+owner@example.com", "Zoë Müller & Co")
    assert owner.enlighten_emails is False
    again = client.users.search_users("new+owner@example.com")
    assert again is not None
    assert again.user_id == owner.user_id
    with pytest.raises(Rejected) as caught:
        client.users.create_home_owner("new+owner@example.com", "Zoë", "Twice")
    assert (caught.value.status, caught.value.texts) == (422, ["Email has already been registered"])
    assert sandbox.executed("create_home_owner") == 1


# Activations


def test_listing_and_filtering(client: Client) -> None:
    everything = {site.system_id: site for site in client.activations.each(limit=2)}
    assert set(everything) == {701, 702, 703, 704, 705, 706}
    site = everything[701]
    assert (site.reference, site.stage, site.owner_name) == ("HAL701", 3, "Ada Okafor")
    assert site.address is not None
    assert all(not row.quarantined and row.updated_at for row in everything.values())

    open_ones = client.activations.list_activations(stage="in_progress")
    assert 705 not in {row.system_id for row in open_ones.systems}
    early = client.activations.list_activations(stage=[1, 2])
    assert {row.stage for row in early.systems} == {1, 2}
    found = client.activations.list_activations(reference="hal701")
    assert [row.system_id for row in found.systems if row.has_reference("HAL701")] == [701]
    with pytest.raises(Rejected) as caught:
        client.activations.list_activations(stage=11)
    assert caught.value.status == 422


def test_the_list_and_the_search_tell_ignored_filters(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("list_activations", "filter_ignored")
    rows = client.activations.list_activations(reference="HAL701").systems
    assert len(rows) > 1
    assert [row.system_id for row in rows if row.has_reference("HAL701")] == [701]


def test_a_list_in_circles(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("list_activations", "next_repeated", times=None)
    with pytest.raises(OutcomeUnknown, match="circles"):
        list(client.activations.each(limit=2))


def test_reading_one(client: Client) -> None:
    site = client.activations.get_activation(703)
    assert (site.stage, site.battery_grid_mode) == (4, "Export Only")
    assert not isinstance(site.owner, (str, type(None)))
    assert site.owner.user_id == site.owner_id == 3003
    assert site.quarantined == ()
    assert client.activations.get_activation(703, expand=()).owner_name == site.owner_name
    for number in (801, 424242):  # somebody else's, nobody's
        with pytest.raises(Rejected) as caught:
            client.activations.get_activation(number)
        assert caught.value.status in (401, 404)


@pytest.mark.parametrize("style", ["form", "json_wrapped"])
def test_creating_changing_deleting(sandbox: Sandbox, account: Account, style: Any) -> None:
    styles = dict.fromkeys(("create_activation", "update_activation"), style)
    with Client(sandbox.url, APPLICATION, account, body_styles=styles) as client:
        made = client.activations.create_activation({**CALIFORNIAN, "owner_id": 3001})
        assert made.stage == 1
        assert made.has_reference("ORCH12K7F3S")
        assert made.grid_connection_type is not None
        assert made.grid_connection_type.type == 2
        assert (made.operational, made.allow_public_access) == (False, False)

        approved = datetime(2026, 3, 4, 12, tzinfo=UTC).date()
        changed = client.activations.update_activation(
            made.system_id,
            {"address": ADDRESS, "system_name": "Orchard Lane 14", "interconnect_date": approved},
        )
        assert changed.system_name == "Orchard Lane 14"
        read = client.activations.get_activation(made.system_id)
        assert (read.system_name, read.interconnect_date) == ("Orchard Lane 14", approved)

        assert client.activations.delete_activation(made.system_id)
        with pytest.raises(Rejected) as caught:
            client.activations.get_activation(made.system_id)
        assert caught.value.status == 404
    assert sandbox.ledger()["creates"] == 1


def test_what_is_wrong_is_said_and_costs_nothing(client: Client, sandbox: Sandbox) -> None:
    without_address = {**CALIFORNIAN, "address": None}
    del without_address["address"]
    for site in (
        {**CALIFORNIAN, "system_type": "castle"},
        without_address,
        {key: value for key, value in CALIFORNIAN.items() if key != "grid_connection_type"},
    ):
        with pytest.raises(Rejected) as caught:
            client.activations.create_activation(site)
        assert caught.value.status == 422
        assert caught.value.texts
    with pytest.raises(Rejected) as caught:
        client.activations.delete_activation(701)
    assert caught.value.status == 422
    assert sandbox.ledger()["creates"] == 0


def test_access(client: Client, sandbox: Sandbox) -> None:
    assert client.activations.grant_activation_access(701, 3001)
    assert client.activations.revoke_activation_access(701, 3001)
    assert sandbox.executed("grant_activation_access") == 1
    assert sandbox.executed("revoke_activation_access") == 1
    with pytest.raises(Rejected) as caught:
        client.activations.grant_activation_access(701, 3101)
    assert caught.value.status == 401


@pytest.mark.parametrize("style", ["form", "json_wrapped", "json"])
def test_production_mode_is_acknowledged_and_reached_later(
    sandbox: Sandbox, account: Account, style: Any
) -> None:
    with Client(
        sandbox.url, APPLICATION, account, body_styles={"set_production_mode": style}
    ) as client:
        before = client.activations.get_production_mode(701)
        assert (before.total_micros, before.energy_producing_micros) == (24, 0)
        assert client.activations.set_production_mode(701, "on")
        ends_at = time.monotonic() + 10
        mode = before
        while mode.energy_producing_micros != 24 and time.monotonic() < ends_at:
            time.sleep(0.1)
            mode = client.activations.get_production_mode(701)
        assert (mode.mode, mode.energy_producing_micros) == ("on", 24)


def test_production_mode_refused(client: Client) -> None:
    with pytest.raises(Rejected) as caught:
        client.activations.set_production_mode(706, "on")
    assert (caught.value.status, caught.value.texts) == (
        422,
        ["No active Envoys present in the site"],
    )
    with pytest.raises(Rejected):
        client.activations.get_production_mode(702)


# Systems


def test_searching_systems(client: Client) -> None:
    found = client.systems.search_systems(reference="HAL701")
    assert [system.system_id for system in found.systems] == [701]
    assert found.systems[0].has_reference("hal701")
    assert [row.system_id for row in client.systems.search_systems(ids=[705, 701]).systems] == [
        701,
        705,
    ]
    assert client.systems.search_systems(reference="HALNONE").systems == []
    first = client.systems.search_systems(page=1, size=2)
    assert (len(first.systems), first.current_page) == (2, 1)
    assert first.total is not None
    assert first.total >= 6


def test_whose_gateway(client: Client) -> None:
    assert client.systems.retrieve_system_id("202300000701") == 701
    assert client.systems.retrieve_system_id("999999999999") is None


# Bad weather


def create(client: Client) -> Any:
    return client.activations.create_activation(CALIFORNIAN)


@pytest.mark.parametrize(
    ("kind", "parameters", "creates"),
    [
        ("lost_reply", {}, 1),
        ("reset", {}, 1),
        ("silence", {"seconds": 3}, 1),
        ("truncated", {}, 1),
        ("trickle", {"seconds": 6}, 1),
        ("bad_json", {"variant": "cut"}, 1),
        ("bad_json", {"variant": "empty"}, 1),
        ("bad_json", {"variant": "list"}, 1),
        ("bad_json", {"variant": "latin1"}, 1),
        ("wrong_types", {}, 1),
        ("huge", {"megabytes": 20}, 1),
        ("huge", {"megabytes": 64, "gzip": True}, 1),
        ("html", {"status": 200, "commit": True}, 1),
        ("html", {"status": 502}, 0),
        ("status", {"status": 503}, 0),
        ("status", {"status": 500, "body": {"message": "Oops", "details": "", "code": 500}}, 0),
        ("redirect", {"location": "http://127.0.0.1:9/", "status": 307}, 0),
        ("latency", {"seconds": 3, "where": "after"}, 1),
    ],
)
def test_a_create_that_nobody_knows_about_is_sent_once(
    hasty: Client,
    client: Client,
    sandbox: Sandbox,
    hits: list[Hit],
    kind: str,
    parameters: dict[str, Any],
    creates: int,
) -> None:
    sandbox.fault("create_activation", kind, **parameters)
    with pytest.raises(OutcomeUnknown):
        create(hasty)
    assert [hit.endpoint for hit in hits] == ["create_activation"]
    ledger = sandbox.ledger()
    assert ledger["creates"] == creates
    assert ledger["by_operation"]["create_activation"] == 1
    # Both channels find what was made, and only that.
    listed = client.activations.list_activations(reference="ORCH12K7F3S").systems
    found = client.systems.search_systems(reference="ORCH12K7F3S").systems
    assert sum(row.has_reference("ORCH12K7F3S") for row in listed) == creates
    assert sum(row.has_reference("ORCH12K7F3S") for row in found) == creates


def test_a_byte_order_mark_is_no_obstacle(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("create_activation", "bad_json", variant="bom")
    assert create(client).has_reference("ORCH12K7F3S")


def test_wrong_types_are_read_as_far_as_possible(client: Client, sandbox: Sandbox) -> None:
    strange = ["stage", "status", "owner_id", "updated_at", "lease", "latitude", "type"]
    sandbox.fault("list_activations", "wrong_types", fields=strange)
    rows = client.activations.list_activations().systems
    assert {row.system_id for row in rows} == {701, 702, 703, 704, 705, 706}
    assert all({"stage", "status", "updated_at"} <= set(row.quarantined) for row in rows)

    sandbox.fault("list_activations", "wrong_types")
    with pytest.raises(OutcomeUnknown):
        client.activations.list_activations()


def test_a_create_without_our_reference_is_seen(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("create_activation", "no_reference")
    assert not create(client).has_reference("ORCH12K7F3S")


def test_limits(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("create_activation", "rate_limited", period="month")
    with pytest.raises(RateLimited) as caught:
        create(client)
    assert caught.value.period == "month"
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > datetime.now(UTC)

    sandbox.control("POST", "limits", {"per_minute": 0})
    with pytest.raises(RateLimited) as minute:
        client.users.get_current_user()
    assert minute.value.period == "minute"
    assert minute.value.retry_at is not None
    assert minute.value.retry_at <= datetime.now(UTC) + timedelta(seconds=61)
    assert sandbox.ledger()["creates"] == 0


def test_reads_get_over_a_stumble(client: Client, sandbox: Sandbox) -> None:
    sandbox.fault("get_activation", "reset")
    assert client.activations.get_activation(701).system_id == 701
    sandbox.fault("search_systems", "html", status=502)
    assert client.systems.search_systems(ids=[701]).systems[0].system_id == 701


def test_our_count_of_hits_is_theirs(client: Client, sandbox: Sandbox, hits: list[Hit]) -> None:
    sandbox.fault("get_activation", "status", status=503)
    sandbox.fault("create_activation", "lost_reply")
    client.users.get_current_user()
    client.activations.get_activation(701)
    client.users.search_users("nobody@example.com")
    with pytest.raises(OutcomeUnknown):
        create(client)
    with pytest.raises(Rejected):
        client.activations.delete_activation(705)
    assert len(hits) == sandbox.ledger()["hits"] == 6


def test_nothing_listens(account: Account) -> None:
    with Client("http://127.0.0.1:9", APPLICATION, account) as client, pytest.raises(NotSent):
        create(client)
