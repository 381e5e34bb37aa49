"""Battery and grid, battery settings and Storm Guard: shown, reviewed, sent once, read back."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.controls import rules
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot, Version
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

TIME_OF_USE = {
    "tariff": {
        "currency": {"code": "USD"},
        "seasons": [
            {
                "id": "all_year_long",
                "start": "1/1",
                "days": [
                    {
                        "id": "all_days",
                        "days": "Sun,Mon,Tue,Wed,Thu,Fri,Sat",
                        "periods": [
                            {"id": "period_1", "start": 0, "rate": "0.2"},
                            {"id": "period_2", "start": 960, "rate": "0.5"},
                        ],
                    }
                ],
            }
        ],
    },
    "task": None,
}
BATTERY = [("battery-mode", ""), ("battery-settings", ""), ("storm-guard", "")]


@pytest.fixture
def site(halcyon):
    """Site 703: two batteries, Export Only, a system controller, all read."""
    site = copy_of(halcyon, 703)
    assert snapshots.read_all(site, BATTERY) == ""
    return site


@pytest.fixture
def enphase(halcyon):
    with client_for(halcyon.pk) as client:
        yield client


def url_of(site):
    return reverse("controls:battery", args=[site.pk])


def page_of(client, site):
    return client.get(url_of(site)).content.decode()


def answer(client, site, part, fields, **extra):
    """Fill in the form of a part as the page has it, and post it."""
    parts = {one.key: one for one in client.get(url_of(site)).context["parts"]}
    form = parts[part].form
    data = {
        form.add_prefix(name): form[name].value()
        for name in form.fields
        if form[name].value() not in (None, False)
    }
    data |= {form.add_prefix(name): value for name, value in fields.items() if value is not None}
    for name in [name for name, value in fields.items() if value is None]:
        data.pop(form.add_prefix(name), None)
    return client.post(
        url_of(site),
        {
            **data,
            "part": part,
            "base": parts[part].base,
            "token": str(parts[part].token),
            "do": "confirm",
            **extra,
        },
    )


# ------------------------------------------------------------------ what is shown


def test_page_costs_no_hit_and_shows_what_is_set(client, alice, site, world):
    hits = world.hits
    client.force_login(alice)
    page = page_of(client, site)
    assert world.hits == hits
    assert "Battery mode and reserve" in page
    assert "Disabled" not in page.split("Storm Guard</h3>")[0]
    form = {one.key: one for one in client.get(url_of(site)).context["parts"]}["settings"].form
    assert form["battery_mode"].value() == "Self-consumption"
    assert form["reserve_soc"].value() == 20
    assert "5 to 100 %" in page


def test_viewer_reads_it_in_words(client, bob, site):
    client.force_login(bob)
    page = page_of(client, site)
    assert "Self-consumption" in page
    assert "Review the change" not in page
    assert client.post(url_of(site), {"part": "mode"}).status_code == 403


def test_never_read_is_not_zero(client, alice, halcyon, world):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    hits = world.hits
    page = page_of(client, site)
    assert page.count("Not read yet") >= 3
    assert "Review the change" not in page
    assert world.hits == hits


def test_site_without_a_battery_says_so(client, alice, halcyon):
    site = copy_of(halcyon, 701)
    assert snapshots.read_all(site, BATTERY) == ""
    client.force_login(alice)
    page = page_of(client, site)
    assert "No Enphase battery here" in page
    assert "Review the change" not in page


def test_answer_that_fails_keeps_what_we_know(client, alice, site, world):
    world.fault("get_battery_settings", "status", status=503, times=None)
    assert snapshots.refresh(site, "battery-settings") != ""
    client.force_login(alice)
    page = page_of(client, site)
    assert "Review the change" in page
    world.fault("get_battery_settings", "wrong_types", times=None)
    snapshots.refresh(site, "battery-settings")
    assert client.get(url_of(site)).status_code == 200


# ------------------------------------------------------------------ battery and grid


def test_discharging_to_the_grid_is_forbidden_at_enphase(client, alice, site, enphase, on_commit):
    client.force_login(alice)
    review = answer(client, site, "mode", {"dtg": None}, do="review").content.decode()
    assert "The battery exports nothing any more" in review
    assert "<del>Allowed</del>" in review
    assert not Operation.objects.exists()
    with on_commit():
        answer(client, site, "mode", {"dtg": None})
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    now = enphase.activations.get_battery_mode(703)
    assert (now.cfg_allowed, now.dtg_allowed) == (False, False)
    copy = snapshots.current(site, "battery-mode")
    assert copy.record.dtg_allowed is False
    newest = copy.versions.first()
    assert newest.operation == operation
    assert not newest.is_drift


def test_what_the_agreement_forbids_cannot_be_turned_on(client, alice, site, world, on_commit):
    client.force_login(alice)
    page = page_of(client, site)
    assert "agreed as Export Only" in page
    refused = answer(client, site, "mode", {"cfg": "on"})
    assert refused.status_code == 422
    assert "Nothing was changed." in refused.content.decode()
    assert world.writes("update_battery_mode") == []


def test_same_form_twice_changes_once(client, alice, site, world, on_commit):
    client.force_login(alice)
    token = str(uuid.uuid4())
    with on_commit():
        answer(client, site, "mode", {"dtg": None}, token=token)
    base = {"part": "mode", "token": token, "do": "confirm"}
    with on_commit():
        client.post(url_of(site), base)
    assert Operation.objects.count() == 1
    assert len(world.writes("update_battery_mode")) == 1


# ------------------------------------------------------------------ settings


def test_profile_and_reserve_are_changed_and_the_tariff_read_again(
    client, alice, site, enphase, world, on_commit
):
    client.force_login(alice)
    fields = {"battery_mode": "Full Backup", "reserve_soc": "35"}
    review = answer(client, site, "settings", fields, do="review").content.decode()
    assert "35 % stays in the battery" in review
    assert "tariff" in review
    with on_commit():
        answer(client, site, "settings", fields)
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    now = enphase.config.get_battery_settings(703)
    assert now.profile == "Full Backup"
    assert now.reserve_soc_percent == 35
    asked = Snapshot.objects.filter(activation=site, kind="tariff")
    assert asked.exists()
    page = page_of(client, site)
    assert "Battery settings changed." in page


def test_energy_independence_goes_along_in_savings_mode_only(
    client, alice, site, enphase, on_commit
):
    client.force_login(alice)
    with on_commit():
        answer(client, site, "settings", {"reserve_soc": "30", "energy_independence": "on"})
    assert "energy_independence" not in Operation.objects.get().payload["wanted"]
    assert enphase.config.get_battery_settings(703).energy_independence is False
    fields = {"battery_mode": "Savings Mode", "energy_independence": "on"}
    # With one price for all hours there is nothing to save by waiting.
    refused = answer(client, site, "settings", fields)
    assert refused.status_code == 422
    assert "Needs a tariff with prices that differ by time." in refused.content.decode()
    snapshots.keep(site, "tariff", TIME_OF_USE)
    with on_commit():
        answer(client, site, "settings", fields)
    now = enphase.config.get_battery_settings(703)
    assert now.profile == "Savings Mode"
    assert now.energy_independence is True
    assert now.reserve_soc_percent == 30


@pytest.mark.parametrize(
    ("reserve", "words"),
    [
        ("4", "Enter 5 % or more. Below that the battery switches itself off."),
        ("101", "Enter 100 % or less."),
        ("some", "Enter the reserve as a whole number of percent."),
        ("", "Enter the reserve in percent."),
    ],
)
def test_reserve_out_of_bounds_is_refused_at_the_field(client, alice, site, reserve, words):
    client.force_login(alice)
    refused = answer(client, site, "settings", {"reserve_soc": reserve}, do="review")
    assert refused.status_code == 422
    page = refused.content.decode()
    assert words in page
    assert "<title>Error: " in page
    assert f'value="{reserve}"' in page or not reserve


def test_profile_that_is_not_permitted_says_why(client, alice, site, world):
    devices = {"system_id": 703, "total_devices": 1, "devices": {"micros": []}}
    snapshots.keep(site, "devices", devices)
    client.force_login(alice)
    assert "Needs a system controller" in page_of(client, site)
    refused = answer(client, site, "settings", {"battery_mode": "Full Backup"})
    assert refused.status_code == 422
    assert "Needs a system controller" in refused.content.decode()
    assert world.writes("update_battery_settings") == []


def test_settings_changed_meanwhile_are_a_conflict(client, alice, site, enphase, on_commit):
    client.force_login(alice)
    parts = {one.key: one for one in client.get(url_of(site)).context["parts"]}
    enphase.config.update_battery_settings(703, reserve_soc=60)
    with on_commit():
        answer(client, site, "settings", {"reserve_soc": "30"}, base=parts["settings"].base)
    operation = Operation.objects.get()
    assert operation.state == State.CONFLICT
    assert operation.result["theirs"] == {"Reserve": "60 %"}
    assert enphase.config.get_battery_settings(703).reserve_soc_percent == 60
    # What was read before the send is drift: nobody here did it.
    assert Version.objects.open_drift().get().snapshot.kind == "battery-settings"
    # A person goes on in spite of it.
    client.force_login(alice)
    with on_commit():
        client.post(reverse("operations:override", args=[operation.pk]), {"reason": "Agreed"})
    assert enphase.config.get_battery_settings(703).reserve_soc_percent == 30


def test_change_that_went_well_is_news_for_a_day(client, alice, site, on_commit):
    client.force_login(alice)
    with on_commit():
        answer(client, site, "settings", {"reserve_soc": "30"})
    assert "Battery settings changed." in page_of(client, site)
    Operation.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    assert "Battery settings changed." not in page_of(client, site)


def test_what_is_so_already_is_not_sent(client, alice, site, enphase, world, on_commit):
    client.force_login(alice)
    enphase.config.update_battery_settings(703, reserve_soc=30)
    sent = len(world.writes("update_battery_settings"))
    with on_commit():
        answer(client, site, "settings", {"reserve_soc": "30"})
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    assert "Nothing was sent" in operation.message
    assert len(world.writes("update_battery_settings")) == sent


def test_lost_reply_is_looked_up(client, alice, site, enphase, world, on_commit):
    client.force_login(alice)
    world.fault("update_battery_settings", "lost_reply")
    with on_commit():
        answer(client, site, "settings", {"reserve_soc": "45"})
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    Operation.objects.update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert len(world.writes("update_battery_settings")) == 1
    assert snapshots.current(site, "battery-settings").record.reserve_soc_percent == 45


def test_refusal_is_told_in_words(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault(
        "update_battery_settings",
        "status",
        status=422,
        body={"message": "Unprocessable", "details": "reserve_soc cannot be less than vls"},
    )
    with on_commit():
        answer(client, site, "settings", {"reserve_soc": "45"})
    operation = Operation.objects.get()
    assert operation.state == State.REJECTED
    assert "shutdown level" in operation.message
    assert operation.message in page_of(client, site)


def test_operation_that_is_gone_says_so(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault("update_battery_mode", "status", status=405)
    with on_commit():
        answer(client, site, "mode", {"dtg": None})
    operation = Operation.objects.get()
    assert operation.state == State.REJECTED
    assert operation.message == "Enphase does not offer this any more. Nothing was changed."


def test_battery_taken_off_meanwhile_is_told(client, alice, site, world, on_commit):
    client.force_login(alice)
    said = "This is a PV only site. Battery mode can only be fetched for sites with batteries"
    world.fault("get_battery_mode", "status", status=422, body={"errorMessages": [said]})
    with on_commit():
        answer(client, site, "mode", {"dtg": None})
    operation = Operation.objects.get()
    assert operation.state == State.FAILED
    assert operation.message == "This site has no Enphase battery. Nothing was sent."
    assert world.writes("update_battery_mode") == []


def test_change_something_goes_back_with_what_was_typed(client, alice, site):
    client.force_login(alice)
    page = answer(client, site, "settings", {"reserve_soc": "44"}, do="edit").content.decode()
    assert 'value="44"' in page
    assert "need fixing" not in page


# ------------------------------------------------------------------ storms


def test_storm_guard_is_turned_on_and_off(client, alice, site, enphase, on_commit):
    client.force_login(alice)
    review = answer(client, site, "storm", {}, do="review").content.decode()
    assert "Turn Storm Guard on at" in review
    with on_commit():
        answer(client, site, "storm", {})
    assert enphase.config.get_storm_guard(703).storm_guard_enabled is True
    assert "Storm Guard turned on." in page_of(client, site)
    with on_commit():
        answer(client, site, "storm", {})
    assert enphase.config.get_storm_guard(703).storm_guard_enabled is False


def test_storm_that_becomes_active_is_no_drift(site):
    for status in ("Enabled (Inactive)", "Enabled (Active)"):
        record = {"system_id": 703, "storm_guard_status": status, "storm_alert": "true"}
        snapshots.keep(site, "storm-guard", record)
    copy = snapshots.current(site, "storm-guard")
    assert copy.facts == {"Storm Guard": "Enabled"}
    assert copy.versions.count() == 2


def test_alert_is_shown(client, alice, site):
    snapshots.keep(
        site,
        "storm-guard",
        {"system_id": 703, "storm_guard_status": "Enabled (Active)", "storm_alert": "true"},
    )
    client.force_login(alice)
    page = page_of(client, site)
    assert "Severe weather alert" in page
    assert "The battery is being filled." in page


# ------------------------------------------------------------------ drift


@pytest.mark.parametrize(
    ("kind", "change", "before", "after"),
    [
        (
            "battery-settings",
            lambda enphase: enphase.config.update_battery_settings(703, "Full Backup", 80),
            "Self-consumption",
            "Full Backup",
        ),
        (
            "battery-mode",
            lambda enphase: enphase.activations.update_battery_mode(703, True, False),
            "Not allowed",
            "Allowed",
        ),
        (
            "storm-guard",
            lambda enphase: enphase.config.update_storm_guard(703, "enabled"),
            "Disabled",
            "Enabled",
        ),
    ],
)
def test_change_behind_our_back_is_shown_and_undone(
    client, alice, site, enphase, on_commit, kind, change, before, after
):
    was = dict(snapshots.current(site, kind).facts)
    change(enphase)
    assert snapshots.refresh(site, kind) == ""
    client.force_login(alice)
    page = page_of(client, site)
    assert "changed outside Ridgeline" in page
    assert f"<del>{before}</del>" in page
    assert f"<ins>{after}</ins>" in page
    former = snapshots.current(site, kind).versions.order_by("pk").first()
    with on_commit():
        done = client.post(
            reverse("snapshots:restore", args=[site.pk, former.pk]), {"token": str(uuid.uuid4())}
        )
    if kind == "battery-mode":
        # DTG comes back, since Export Only allows it; CFG goes off.
        assert done.status_code == 302
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    snapshots.refresh(site, kind)
    assert snapshots.current(site, kind).facts == was
    assert "changed outside Ridgeline" not in page_of(client, site)


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_change_it(client, site, request, person, status):
    client.force_login(request.getfixturevalue(person))
    data = {"part": "storm", "do": "confirm", "storm-storm_guard_status": "enabled"}
    assert client.post(url_of(site), data).status_code == status
    assert not Operation.objects.exists()


def test_base_of_another_site_is_not_taken(client, alice, site, halcyon):
    client.force_login(alice)
    other = copy_of(halcyon, 701)
    parts = {one.key: one for one in client.get(url_of(site)).context["parts"]}
    data = {"part": "mode", "do": "confirm", "base": parts["mode"].base}
    assert client.post(url_of(other), data).status_code == 302
    assert not Operation.objects.exists()


def test_rules_bar_nothing_that_is_not_known():
    assert rules.barred_profiles(rules.Site()) == {}
    assert rules.barred_modes(rules.Site()) == {}
    assert set(rules.barred_modes(rules.Site(battery_grid_mode=1))) == {"dtg"}
    assert set(rules.barred_modes(rules.Site(battery_grid_mode=2))) == {"cfg"}
