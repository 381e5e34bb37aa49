"""Dry contacts: shown with what their mode uses, changed one at a time."""

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.controls import rules
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(halcyon):
    """Site 703: a system controller with two contacts, NC1 and NC2, both Basic."""
    site = copy_of(halcyon, 703)
    assert snapshots.refresh(site, "load-control") == ""
    return site


@pytest.fixture
def enphase(halcyon):
    with client_for(halcyon.pk) as client:
        yield client


def url_of(site, name="NC1"):
    return reverse("controls:load", args=[site.pk, name])


def change(client, site, fields, name="NC1", do="confirm", **extra):
    context = client.get(url_of(site, name)).context
    form = context["form"]
    data = {form.add_prefix(key): form[key].value() for key in form.fields}
    data |= {form.add_prefix(key): value for key, value in fields.items()}
    hidden = {"base": context["base"], "token": str(context["token"]), "do": do}
    return client.post(url_of(site, name), {**data, **hidden, **extra})


def test_contacts_are_listed_without_a_hit(client, bob, site, world):
    hits = world.hits
    client.force_login(bob)
    page = client.get(reverse("controls:loads", args=[site.pk])).content.decode()
    assert world.hits == hits
    assert "Downstairs A/C" in page
    assert "Pool pump" in page
    assert "Owner may override" in page
    assert ">Change<" not in page


def test_site_without_a_controller_says_so(client, alice, halcyon):
    site = copy_of(halcyon, 701)
    assert snapshots.refresh(site, "load-control") == ""
    client.force_login(alice)
    page = client.get(reverse("controls:loads", args=[site.pk])).content.decode()
    assert "No dry contacts configured" in page
    answer = client.get(url_of(site))
    assert answer.url == reverse("controls:loads", args=[site.pk])


def test_never_read_is_said(client, alice, halcyon):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    page = client.get(reverse("controls:loads", args=[site.pk])).content.decode()
    assert page.count("Not read yet") >= 2
    assert "No dry contacts" not in page


def test_battery_level_is_set_at_enphase(client, alice, site, enphase, world, on_commit):
    client.force_login(alice)
    fields = {"mode": "Advanced_BatteryPowered", "soc_low": "40"}
    review = change(client, site, fields, do="review").content.decode()
    assert "Change load: Downstairs A/C (NC1) at Whitaker residence?" in review
    assert "<ins>By battery level</ins>" in review
    assert "<ins>40 %</ins>" in review
    assert not Operation.objects.exists()
    with on_commit():
        change(client, site, fields)
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    contact = enphase.config.get_load_control(703).contact("NC1")
    assert (contact.mode, contact.soc_low_percent) == ("Advanced_BatteryPowered", 40)
    other = enphase.config.get_load_control(703).contact("NC2")
    assert other.mode == "Basic"
    assert len(world.writes("update_load_control")) == 1
    page = client.get(reverse("controls:loads", args=[site.pk])).content.decode()
    assert "60 %" in page  # where Enphase switches it on again
    assert "Load changed." in page


def test_times_of_day_are_seconds_after_midnight(client, alice, site, enphase, on_commit):
    client.force_login(alice)
    fields = {
        "mode": "Scheduled",
        "essential_start_time": "06:30",
        "essential_end_time": "00:00",
    }
    with on_commit():
        change(client, site, fields, "NC2")
    contact = enphase.config.get_load_control(703).contact("NC2")
    assert contact.mode == "Scheduled"
    assert contact.essential_start_seconds == 6 * 3600 + 30 * 60
    assert contact.essential_end_seconds == 24 * 3600
    page = client.get(reverse("controls:loads", args=[site.pk])).content.decode()
    assert "06:30" in page
    assert "24:00" in page


@pytest.mark.parametrize("low", ["", "9", "91"])
def test_battery_level_is_bounded(client, alice, site, low):
    client.force_login(alice)
    refused = change(client, site, {"mode": "Advanced_BatteryPowered", "soc_low": low})
    assert refused.status_code == 422
    assert "Enter a charge from 10 to 90 %. This mode needs it." in refused.content.decode()
    assert not Operation.objects.exists()


def test_schedule_needs_two_times(client, alice, site):
    client.force_login(alice)
    fields = {"mode": "Scheduled", "essential_start_time": "", "essential_end_time": "late"}
    page = change(client, site, fields).content.decode()
    assert "By time of day needs it." in page
    assert "Enter a time such as 16:00." in page
    same = {"mode": "Scheduled", "essential_start_time": "08:00", "essential_end_time": "08:00"}
    assert "Enter another time than the one before." in change(client, site, same).content.decode()


def test_what_a_mode_does_not_use_is_not_sent(client, alice, site, on_commit):
    client.force_login(alice)
    with on_commit():
        change(client, site, {"mode": "Manual_always_not_powered", "soc_low": "5"})
    operation = Operation.objects.get()
    assert operation.payload["wanted"] == {"mode": "Manual_always_not_powered"}
    assert operation.state == State.DONE


def test_contact_changed_meanwhile_is_a_conflict(client, alice, site, enphase, on_commit):
    client.force_login(alice)
    base = client.get(url_of(site)).context["base"]
    enphase.config.update_load_control(703, "NC1", mode="Manual_always_powered")
    with on_commit():
        change(client, site, {"mode": "Manual_always_not_powered"}, base=base)
    operation = Operation.objects.get()
    assert operation.state == State.CONFLICT
    assert operation.result["theirs"] == {"Mode": "Always on"}
    assert enphase.config.get_load_control(703).contact("NC1").mode == "Manual_always_powered"


def test_lost_reply_is_looked_up(client, alice, site, enphase, world, on_commit):
    client.force_login(alice)
    world.fault("update_load_control", "lost_reply")
    with on_commit():
        change(client, site, {"mode": "Manual_always_powered"})
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    Operation.objects.update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert len(world.writes("update_load_control")) == 1


def test_changes_behind_our_back_are_undone_contact_by_contact(
    client, alice, site, enphase, on_commit
):
    enphase.config.update_load_control(703, "NC1", mode="Manual_always_not_powered")
    enphase.config.update_load_control(703, "NC2", "Advanced_BatteryPowered", 70)
    assert snapshots.refresh(site, "load-control") == ""
    client.force_login(alice)
    page = client.get(reverse("controls:loads", args=[site.pk])).content.decode()
    assert "changed outside Ridgeline" in page
    assert "<del>Basic</del>" in page
    assert "<ins>Always off</ins>" in page
    assert "<ins>By battery level: off below 70 %, on again at 90 %</ins>" in page
    former = snapshots.current(site, "load-control").versions.order_by("pk").first()
    with on_commit():
        client.post(reverse("snapshots:restore", args=[site.pk, former.pk]), {})
    assert [one.state for one in Operation.objects.all()] == [State.DONE, State.DONE]
    now = enphase.config.get_load_control(703)
    assert [contact.mode for contact in now.load_control_data] == ["Basic", "Basic"]


def test_mode_nobody_knows_is_shown_as_it_is(client, alice, site):
    raw = {"system_id": 703, "load_control_data": [{"name": "NC3", "mode": "Lunar"}, "?"]}
    snapshots.keep(site, "load-control", raw)
    client.force_login(alice)
    page = client.get(reverse("controls:loads", args=[site.pk])).content.decode()
    assert "Lunar" in page
    assert "1 more could not be read." in page
    assert client.get(url_of(site, "NC3")).status_code == 200


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_change_a_load(client, site, request, person, status):
    client.force_login(request.getfixturevalue(person))
    assert client.get(url_of(site)).status_code == status
    assert client.post(url_of(site), {}).status_code == status


@pytest.mark.parametrize("seconds", [0, 60, 32_400, 57_601, 86_399, 86_400])
def test_untouched_times_stay_to_the_second(seconds):
    from activations.controls.forms import ContactForm

    base = {
        "mode": "Scheduled",
        "soc_low": 30,
        "essential_start_time": 3600,
        "essential_end_time": seconds,
    }
    form = ContactForm(base=base)
    data = {form.add_prefix(name): form[name].value() for name in form.fields}
    data["contact-essential_end_time"] = rules.clock(seconds % 86_400)
    posted = ContactForm(data, base=base)
    assert posted.is_valid(), posted.errors
    assert posted.wanted()["essential_end_time"] == seconds
