"""A tariff is opened, edited, reviewed and sent, and followed until the gateway has it."""

import re
import uuid
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.snapshots import services as snapshots
from activations.snapshots.models import Version
from activations.tariffs import editing
from activations.tariffs.models import TariffDraft
from activations.tariffs.plan import MAX_PERIODS_IN_ALL, document_of, wire_of
from enphase.records import SystemTariff, Tariff
from portal.operations import runner
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.activations.tariffs.examples import BAY, fields_of, put, site_with, there

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(halcyon, world):
    return site_with(halcyon, world)


def url_of(site, name="tariff"):
    return reverse(f"tariffs:{name}", args=[site.pk])


def open_editor(client, site, direction="buy"):
    return fields_of(client.get(f"{url_of(site)}?dir={direction}").content.decode())


def press(client, site, fields, button, direction="buy", **headers):
    return client.post(
        f"{url_of(site)}?dir={direction}", {**fields, "do": button}, headers=headers or None
    )


def send(client, site, **changes):
    fields = fields_of(client.get(url_of(site, "review")).content.decode(), "review-form")
    return client.post(url_of(site, "review"), {**fields, **changes})


def poll(operation):
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()


def test_edited_reviewed_sent_and_followed(client, alice, site, world, on_commit, halcyon):
    client.force_login(alice)
    fields = open_editor(client, site)
    start = first_peak(fields)
    fields[start] = "17:00"
    response = press(client, site, fields, "review")
    assert response.status_code == 302
    page = client.get(response.url).content.decode()
    assert "Summer weekdays, peak starts 17:00, was 16:00" in page
    assert "1 change" in page

    world.clock(advance_seconds=900)
    world._ask("POST", "limits", {"tariff_seconds": 600})
    with on_commit():
        response = send(client, site)
    assert response.url == url_of(site)
    operation = Operation.objects.get()
    assert operation.state == State.CONFIRMING, operation.message
    assert operation.before == {"Summer weekdays, peak starts": "16:00"}
    assert operation.after == {"Summer weekdays, peak starts": "17:00"}
    assert not TariffDraft.objects.exists()
    page = client.get(url_of(site)).content.decode()
    assert "every 3s" in page
    assert "tariff-form" not in page

    poll(operation)
    assert operation.state == State.CONFIRMING
    assert "pending" in operation.message
    world.clock(advance_seconds=700)
    poll(operation)
    assert operation.state == State.DONE
    assert operation.message == "Tariff applied."
    sent = there(halcyon, 703).tariff
    assert [p.start_minutes for p in sent.seasons[0].days[0].periods] == [0, 900, 1020, 1260]
    assert sent.storage_settings.reserved_soc_percent == 30
    assert len(world.writes("update_tariff")) == 2  # the first one made the example
    # Our change is explained: no drift.
    assert not Version.objects.open_drift().exists()
    assert "Tariff applied." in client.get(url_of(site)).content.decode()


def first_peak(fields):
    """The start of the first period at 16:00: summer weekdays."""
    return next(n for n, v in fields.items() if n.endswith("-start") and v == "16:00")


def test_opening_the_editor_costs_nothing_and_keeps_nothing(client, alice, site, world):
    client.force_login(alice)
    hits = world.hits
    for direction in ("buy", "sell"):
        assert client.get(f"{url_of(site)}?dir={direction}").status_code == 200
    assert world.hits == hits
    assert not TariffDraft.objects.exists()


def test_sending_the_form_as_it_is_changes_nothing(client, alice, site):
    client.force_login(alice)
    press(client, site, open_editor(client, site), "preview")
    draft = TariffDraft.objects.get()
    assert wire_of(draft.document) == draft.base == BAY
    page = client.get(url_of(site, "review")).content.decode()
    assert "Nothing to send" in page
    assert "Send tariff" not in page


def test_nothing_typed_is_lost_when_it_is_wrong(client, alice, site):
    client.force_login(alice)
    fields = open_editor(client, site)
    start = first_peak(fields)
    fields[start] = "half past"
    response = press(client, site, fields, "review")
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="half past"' in page
    assert 'role="alert"' in page
    assert f'href="#f-{start}">Summer, day set 1, period 3: Enter a time' in page
    assert re.search(rf'id="f-{start}"[^>]*aria-describedby="e-{start}"', page)
    assert "Error: Tariff" in page
    # It is still there another day.
    again = client.get(url_of(site)).content.decode()
    assert 'value="half past"' in again
    assert 'role="alert"' not in again


def test_mistake_on_the_other_side_is_named_with_the_way_there(client, alice, site):
    client.force_login(alice)
    fields = open_editor(client, site, "sell")
    fields |= {"kind": "single", "rate": "much"}
    press(client, site, fields, "preview", "sell")
    response = press(client, site, open_editor(client, site), "review")
    assert response.status_code == 422
    assert 'href="?dir=sell#f-rate"' in response.content.decode()


def test_buttons_add_split_copy_and_remove(client, alice, site):
    client.force_login(alice)

    def do(verb, key):
        response = press(client, site, open_editor(client, site), f"{verb}:{key}")
        assert response.status_code == 302
        return TariffDraft.objects.get().document["buy"]["seasons"]

    press(client, site, open_editor(client, site), "preview")
    summer, winter = TariffDraft.objects.get().document["buy"]["seasons"]
    weekdays = summer["groups"][0]
    seasons = do("split-period", weekdays["periods"][0]["key"])
    starts = [p["start"] for p in seasons[0]["groups"][0]["periods"]]
    assert starts == ["00:00", "07:00", "15:00", "16:00", "21:00"]
    seasons = do("remove-period", seasons[0]["groups"][0]["periods"][0]["key"])
    starts = [p["start"] for p in seasons[0]["groups"][0]["periods"]]
    assert starts == ["00:00", "15:00", "16:00", "21:00"]
    seasons = do("add-group", winter["key"])
    assert [group["id"] for group in seasons[1]["groups"]] == ["weekdays", "weekend"]
    seasons = do("remove-group", seasons[1]["groups"][1]["key"])
    assert [group["id"] for group in seasons[1]["groups"]] == ["all_days"]
    seasons = do("copy-season", summer["key"])
    assert [season["name"] for season in seasons] == ["Summer", "Spring", "Winter"]
    assert (seasons[1]["month"], seasons[1]["day"]) == ("8", "1")
    seasons = do("remove-season", seasons[1]["key"])
    assert [season["name"] for season in seasons] == ["Summer", "Winter"]
    assert wire_of(TariffDraft.objects.get().document) == BAY


def test_days_belong_to_one_set_only(client, alice, site):
    """Friday is given to the weekend set: the same radio buttons, so it leaves the other one."""
    client.force_login(alice)
    fields = open_editor(client, site)
    friday, saturday = (next(n for n in fields if n.endswith(f"-{day}")) for day in ("Fri", "Sat"))
    fields[friday] = fields[saturday]
    press(client, site, fields, "preview")
    page = client.get(url_of(site, "review")).content.decode()
    assert "Summer, days of weekdays: Mon to Thu, was weekdays" in page
    groups = wire_of(TariffDraft.objects.get().document)["seasons"][0]["days"]
    assert [group["days"] for group in groups] == ["Mon,Tue,Wed,Thu", "Sun,Fri,Sat"]
    assert [group["id"] for group in groups] == ["mon_tue_wed_thu", "fri_sat_sun"]


def test_last_parts_stay(client, alice, site):
    client.force_login(alice)
    press(client, site, open_editor(client, site), "preview")
    winter = TariffDraft.objects.get().document["buy"]["seasons"][1]
    response = press(
        client, site, open_editor(client, site), f"remove-group:{winter['groups'][0]['key']}"
    )
    assert response.status_code == 422
    assert "The last day set stays" in response.content.decode()


def test_largest_form_is_small_enough_to_be_sent(client, alice, site, settings):
    client.force_login(alice)
    document = document_of(Tariff.from_api(BAY))
    buy = document["buy"]
    for verb, parts in (("add-group", "seasons"), ("copy-season", "seasons")):
        with suppress(editing.NotPossible):
            for _ in range(100):
                editing.act(document, "buy", f"{verb}:{buy[parts][-1]['key']}")
    with suppress(editing.NotPossible):
        for season in buy["seasons"]:
            for group in season["groups"]:
                for _ in range(6):
                    editing.act(document, "buy", f"add-period:{group['key']}")
    periods = sum(len(g["periods"]) for s in buy["seasons"] for g in s["groups"])
    assert periods == MAX_PERIODS_IN_ALL
    draft = {"document": document, "base": BAY}
    TariffDraft.objects.create(activation=site, **draft)
    fields = open_editor(client, site)
    assert len(fields) < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    assert press(client, site, fields, "preview").status_code in (302, 422)


def test_from_a_single_rate_to_times_of_use_and_back(client, alice, halcyon, world):
    site = site_with(halcyon, world, None, system_id=701)
    client.force_login(alice)
    fields = open_editor(client, site)
    assert (fields["kind"], fields["rate"]) == ("single", "0.28")
    press(client, site, fields | {"kind": "tou"}, "redraw")
    draft = TariffDraft.objects.get()
    wire = wire_of(draft.document)
    assert wire["single_rate"] == {"sell": "0.06"}
    assert wire["seasons"][0]["days"][0]["periods"] == [
        {"id": "period_1", "start": 0, "rate": "0.28"}
    ]
    page = client.get(url_of(site, "review")).content.decode()
    assert "Price: time of use, 1 season, was 28¢ all year" in page
    press(client, site, open_editor(client, site) | {"kind": "single"}, "redraw")
    assert wire_of(TariffDraft.objects.get().document) == draft.base


def test_sell_side_takes_the_hours_of_buying(client, alice, site):
    client.force_login(alice)
    fields = open_editor(client, site, "sell")
    press(client, site, fields | {"kind": "tou"}, "redraw", "sell")
    press(client, site, open_editor(client, site, "sell"), "take-over", "sell")
    response = press(client, site, open_editor(client, site, "sell"), "review", "sell")
    assert response.status_code == 422
    fields = open_editor(client, site, "sell")
    for name in fields:
        if name.endswith("-rate"):
            fields[name] = "0,08"
    assert press(client, site, fields, "review", "sell").status_code == 302
    wire = wire_of(TariffDraft.objects.get().document)
    assert [s["start"] for s in wire["seasons_sell"]] == ["6/1", "10/1"]
    assert wire["seasons"] == BAY["seasons"]


def test_battery_window_is_edited_where_it_was_read(client, alice, site):
    client.force_login(alice)
    fields = open_editor(client, site)
    window = next(n for n in fields if n.endswith("-charge_minutes") and fields[n] == "59")
    fields[window] = "120"
    fields[window.replace("minutes", "start")] = "2 am"
    # Charging from the grid was ticked for these days; it is not any more.
    del fields[window.replace("charge_minutes", "from_grid")]
    press(client, site, fields, "preview")
    day = wire_of(TariffDraft.objects.get().document)["seasons"][0]["days"][0]
    assert (day["must_charge_start"], day["must_charge_duration"]) == (120, 120)
    assert day["enable_charge_from_grid"] is False
    assert "enable_discharge_to_grid" not in day
    page = client.get(url_of(site, "review")).content.decode()
    assert "Summer weekdays, must charge: 02:00 to 04:00, was 00:00 to 00:59" in page


def test_preview_follows_the_typing_and_keeps_it(client, alice, site):
    client.force_login(alice)
    fields = open_editor(client, site)
    rate = first_peak(fields).replace("-start", "-rate")
    answer = press(client, site, fields | {rate: "0.66"}, "preview", **{"HX-Request": "true"})
    assert answer.status_code == 200
    part = answer.content.decode()
    assert answer.templates[0].name == "tariffs/_preview.html"
    assert "66¢" in part
    assert f'id="end-{rate.removesuffix("-rate")}" hx-swap-oob="true"' in part
    assert "<strong>1 change</strong>" in part
    assert f'value="{0.66}"' in client.get(url_of(site)).content.decode()


def test_second_tab_is_told_and_loses_nothing(client, alice, dana, site):
    client.force_login(alice)
    mine = open_editor(client, site)
    client.force_login(dana)
    theirs = open_editor(client, site)
    start = first_peak(theirs)
    press(client, site, theirs | {start: "17:00"}, "preview")
    client.force_login(alice)
    response = press(client, site, mine | {start: "18:00"}, "review")
    assert response.status_code == 409
    page = response.content.decode()
    assert "Dana Whitfield changed this draft" in page
    assert fields_of(page)[start] == "18:00"
    assert TariffDraft.objects.get().author == dana
    # Going on is a decision, and then it is hers.
    assert press(client, site, fields_of(page), "review").status_code == 302
    assert TariffDraft.objects.get().author == alice
    assert "starts 18:00, was 16:00" in client.get(url_of(site, "review")).content.decode()


def test_what_an_old_page_sends_late_does_not_replace_a_newer_one(client, alice, site):
    """A preview was on its way while a button was pressed, and arrives after it."""
    client.force_login(alice)
    fields = open_editor(client, site)
    late = fields | {"kind": "single"}
    press(client, site, fields, "preview", **{"HX-Request": "true"})
    press(client, site, fields, "redraw")
    answer = press(client, site, late, "preview", **{"HX-Request": "true"})
    assert "changed in another tab" in answer.content.decode()
    assert TariffDraft.objects.get().document["buy"]["kind"] == "tou"


def test_draft_changed_since_the_review_is_not_sent(client, alice, site):
    client.force_login(alice)
    fields = open_editor(client, site)
    start = first_peak(fields)
    press(client, site, fields | {start: "17:00"}, "preview")
    reviewed = fields_of(client.get(url_of(site, "review")).content.decode(), "review-form")
    press(client, site, open_editor(client, site) | {start: "19:00"}, "preview")
    response = client.post(url_of(site, "review"), reviewed)
    assert response.status_code == 409
    assert "starts 19:00, was 16:00" in response.content.decode()
    assert not Operation.objects.exists()


def test_same_review_sent_twice_sends_once(client, alice, site, on_commit):
    client.force_login(alice)
    fields = open_editor(client, site)
    press(client, site, fields | {first_peak(fields): "17:00"}, "preview")
    reviewed = fields_of(client.get(url_of(site, "review")).content.decode(), "review-form")
    with on_commit():
        client.post(url_of(site, "review"), reviewed)
        client.post(url_of(site, "review"), reviewed)
    assert Operation.objects.count() == 1


def test_discarded_draft_leaves_the_tariff(client, alice, site, halcyon):
    client.force_login(alice)
    fields = open_editor(client, site)
    press(client, site, fields | {first_peak(fields): "17:00"}, "preview")
    client.post(url_of(site, "discard"))
    assert not TariffDraft.objects.exists()
    assert first_peak(open_editor(client, site)) == first_peak(fields)
    assert there(halcyon, 703).tariff.for_update()["seasons"][0]["start"] == "6/1"


def edited(client, site, value="17:00"):
    fields = open_editor(client, site)
    press(client, site, fields | {first_peak(fields): value}, "preview")


def test_what_changed_at_enphase_meanwhile_is_not_overwritten(
    client, alice, site, world, halcyon, on_commit
):
    client.force_login(alice)
    edited(client, site)
    other = deepcopy(BAY)
    other["seasons"][1]["days"][0]["periods"][1]["rate"] = "0.45"
    put(halcyon, 703, other, world)
    with on_commit():
        send(client, site)
    operation = Operation.objects.get()
    assert operation.state == State.CONFLICT
    assert "Winter every day, peak from 16:00: 45¢, was 39¢" in operation.message
    assert len(world.writes("update_tariff")) == 2
    # The reading before the send noticed the change from outside.
    assert Version.objects.open_drift().count() == 1
    page = client.get(url_of(site)).content.decode()
    assert "Changed meanwhile" in page
    # What was typed can be taken up again, on top of what is there now.
    client.post(url_of(site, "reopen"))
    page = client.get(url_of(site, "review")).content.decode()
    assert "peak starts 17:00, was 16:00" in page
    assert "39¢, was 45¢" in page


def test_a_person_may_send_in_spite_of_what_changed(client, alice, site, world, halcyon, on_commit):
    client.force_login(alice)
    edited(client, site)
    put(halcyon, 703, {**BAY, "currency": {"code": "AUD"}}, world)
    with on_commit():
        send(client, site)
    stopped = Operation.objects.get()
    assert stopped.state == State.CONFLICT
    with on_commit():
        client.post(
            reverse("operations:override", args=[stopped.pk]), {"reason": "Ours is the newer one"}
        )
    again = Operation.objects.exclude(pk=stopped.pk).get()
    world.clock(advance_seconds=120)
    poll(again)
    assert again.state == State.DONE, again.message
    assert there(halcyon, 703).tariff.currency == "USD"


def test_draft_goes_on_from_a_newer_tariff(client, alice, site, world, halcyon):
    client.force_login(alice)
    edited(client, site)
    other = deepcopy(BAY)
    other["currency"] = {"code": "AUD"}
    put(halcyon, 703, other, world)
    snapshots.refresh(site, "tariff")
    page = client.get(url_of(site)).content.decode()
    assert "The tariff at Enphase changed since this draft was begun" in page
    press(client, site, fields_of(page), "rebase")
    page = client.get(url_of(site, "review")).content.decode()
    assert "Currency: USD, was AUD" in page
    assert "since this draft was begun" not in page


@pytest.mark.parametrize("status", [404, 405, 501])
def test_enphase_that_takes_no_tariffs_any_more_is_told_so(
    client, alice, site, world, on_commit, status
):
    client.force_login(alice)
    edited(client, site)
    world.fault("update_tariff", "status", status=status)
    with on_commit():
        send(client, site)
    assert Operation.objects.get().state == State.REJECTED
    page = client.get(url_of(site)).content.decode()
    assert "Enphase did not accept this" in page
    client.post(url_of(site, "reopen"))
    assert TariffDraft.objects.exists()
    assert "17:00" in open_editor(client, site).values()


def test_a_task_that_failed_is_told(client, alice, site, world, monkeypatch, on_commit):
    """Which words there are is documented nowhere; any but success with another tariff is told."""
    client.force_login(alice)
    world._ask("POST", "limits", {"tariff_seconds": 600})
    world.clock(advance_seconds=900)
    edited(client, site)
    with on_commit():
        send(client, site)
    operation = Operation.objects.get()
    answer = {"tariff": BAY, "task": {"status": "failed", "created_at": "2026-01-01T00:00:00Z"}}
    monkeypatch.setattr(
        "enphase.resources.tariffs.Tariffs.get_tariff",
        lambda self, system_id: SystemTariff.from_api(answer),
    )
    poll(operation)
    assert operation.state == State.FAILED
    assert (
        operation.message
        == "Enphase reports the change as failed, and the former tariff is still there."
    )
    assert "The tariff was not changed" in client.get(url_of(site)).content.decode()


def test_task_done_with_another_tariff_is_told(client, alice, site, world, monkeypatch, on_commit):
    client.force_login(alice)
    edited(client, site)
    with on_commit():
        send(client, site)
    operation = Operation.objects.get()
    other = deepcopy(BAY)
    other["seasons"][0]["days"][0]["periods"][2]["start"] = 1080
    answer = {"tariff": other, "task": {"status": "success", "created_at": None}}
    monkeypatch.setattr(
        "enphase.resources.tariffs.Tariffs.get_tariff",
        lambda self, system_id: SystemTariff.from_api(answer),
    )
    poll(operation)
    assert operation.state == State.FAILED
    assert "peak starts 18:00, was 17:00" in operation.message


def test_lost_reply_is_looked_up(client, alice, site, world, on_commit):
    client.force_login(alice)
    edited(client, site)
    world.fault("update_tariff", "lost_reply")
    with on_commit():
        send(client, site)
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    world.clock(advance_seconds=120)
    poll(operation)
    assert operation.state == State.CONFIRMING
    poll(operation)
    assert operation.state == State.DONE
    assert len(world.writes("update_tariff")) == 2


def test_the_same_tariff_is_not_sent_again(client, alice, site, world, halcyon, on_commit):
    client.force_login(alice)
    edited(client, site)
    other = deepcopy(BAY)
    other["seasons"][0]["days"][0]["periods"][2]["start"] = 1020
    put(halcyon, 703, other, world)
    with on_commit():
        send(client, site)
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    assert operation.message == "Enphase has this tariff already. Nothing was sent."


def test_a_site_never_read_says_so(client, alice, halcyon):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Not read yet" in page
    assert "tariff-form" not in page


def test_the_first_copy_reloads_the_page_for_who_may_edit_only(client, alice, bob, site):
    asked = {"HX-Request": "true", "HX-Target": "content"}
    client.force_login(alice)
    assert client.get(url_of(site), headers=asked)["HX-Refresh"] == "true"
    client.force_login(bob)
    answer = client.get(url_of(site), headers=asked)
    assert "HX-Refresh" not in answer
    assert "The year at a glance" in answer.content.decode()


def test_tiers_are_shown_and_never_written(client, alice, site):
    record = SystemTariff.from_api(
        {"tariff": {**BAY, "tiers": [{"limit": 300, "rate": "0.4"}]}, "task": None}
    )
    snapshots.keep(site, "tariff", record)
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "This tariff has tiers" in page
    assert "tariff-form" not in page
    assert "&quot;limit&quot;: 300" in page


def test_viewers_look_and_others_do_not_see(client, bob, charlie, sam, site):
    client.force_login(bob)
    page = client.get(url_of(site)).content.decode()
    assert "yearmap" in page
    assert "tariff-form" not in page
    assert client.post(url_of(site), {"do": "preview"}).status_code == 403
    for name in ("review", "use-template", "copy", "save-template"):
        assert client.get(url_of(site, name)).status_code == 403
    client.force_login(charlie)
    assert client.get(url_of(site)).status_code == 404
    client.force_login(sam)
    assert client.get(url_of(site)).status_code == 200
    assert client.post(url_of(site), {"do": "preview"}).status_code == 403


def test_panel_is_a_part_of_the_page_only(client, alice, site):
    client.force_login(alice)
    assert client.get(url_of(site, "panel")).status_code == 302
    answer = client.get(url_of(site, "panel"), headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


def test_paper_that_was_tampered_with_changes_nothing(client, alice, site):
    client.force_login(alice)
    fields = open_editor(client, site)
    response = press(client, site, fields | {"paper": fields["paper"][:-3] + "abc"}, "review")
    assert response.status_code == 422
    assert not TariffDraft.objects.exists()


# ------------------------------------------------------------------ drift, and the battery


def test_change_from_outside_is_shown_and_written_back(
    client, alice, site, world, halcyon, on_commit
):
    other = deepcopy(BAY)
    other["seasons"][0]["days"][0]["periods"][2]["rate"] = "0.61"
    put(halcyon, 703, other, world)
    assert snapshots.refresh(site, "tariff") == ""
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Tariff changed outside Ridgeline" in page
    assert "16:00 58¢" in page
    assert "16:00 61¢" in page
    (url,) = set(re.findall(r'href="(/activations/\d+/copies/[^"]+)">Write the former', page))
    token = uuid.uuid4()
    with on_commit():
        client.post(url, {"token": str(token)})
    operation = Operation.objects.get()
    assert operation.kind == "tariff.update"
    world.clock(advance_seconds=120)
    poll(operation)
    assert operation.state == State.DONE
    assert there(halcyon, 703).tariff.seasons[0].days[0].periods[2].rate == Decimal("0.58")
    assert not Version.objects.open_drift().exists()
    assert "changed outside" not in client.get(url_of(site)).content.decode()


def test_reset_by_a_battery_change_is_told_and_written_back(
    client, alice, bob, site, world, halcyon, on_commit
):
    battery = Operation.objects.create(
        kind="battery.update_settings",
        key="battery",
        title="Change battery settings",
        company=halcyon,
        activation=site,
        actor=alice,
        state=State.DONE,
        sent_at=timezone.now() + timedelta(seconds=1),
    )
    put(halcyon, 703, {k: v for k, v in BAY.items() if "seasons" not in k}, world)
    assert snapshots.refresh(site, "tariff") == ""
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "The tariff was reset by the battery change" in page
    assert battery.short_id in page
    assert "outside Ridgeline" not in page
    (url,) = set(re.findall(r'href="(/activations/\d+/copies/[^"]+)">Write the former', page))
    with on_commit():
        client.post(url, {"token": str(uuid.uuid4())})
    operation = Operation.objects.get(kind="tariff.update")
    world.clock(advance_seconds=120)
    poll(operation)
    assert operation.state == State.DONE
    assert len(there(halcyon, 703).tariff.seasons) == 2
    assert "was reset by" not in client.get(url_of(site)).content.decode()


def test_reset_may_be_kept(client, alice, bob, site, world, halcyon):
    Operation.objects.create(
        kind="battery.update_mode",
        key="battery",
        title="Change battery mode",
        company=halcyon,
        activation=site,
        state=State.DONE,
        sent_at=timezone.now() + timedelta(seconds=1),
    )
    put(halcyon, 703, {k: v for k, v in BAY.items() if "seasons" not in k}, world)
    snapshots.refresh(site, "tariff")
    client.force_login(bob)
    assert client.post(url_of(site, "keep-reset")).status_code == 403
    assert "was reset by" in client.get(url_of(site)).content.decode()
    client.force_login(alice)
    client.post(url_of(site, "keep-reset"))
    assert "was reset by" not in client.get(url_of(site)).content.decode()
