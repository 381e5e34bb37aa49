"""The array builder as people use it: drawn, reviewed, sent once, read back."""

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.arrays import actions, drafts
from activations.arrays.layout import from_json
from activations.arrays.models import PlacedSerial
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations.models import Operation, State
from tests.activations.arrays.steps import (
    GATEWAY,
    SOUTH,
    do,
    draft_of,
    layout_at_enphase,
    plan_of,
    send,
    url,
)
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

# Drawing and sending


def test_a_roof_is_drawn_filled_sent_and_read_back(
    client, alice, halcyon, site, micros, world, on_commit
):
    client.force_login(alice)
    page = client.get(url(site))
    assert page.context["counts"]["toplace"] == 24
    assert page.context["may_edit"]
    do(client, site, "add", **SOUTH)
    do(client, site, "add", **SOUTH | {"label": "Garage", "rows": "4", "columns": "2"})
    preview = do(client, site, "fill_preview", array="n1", cell="R1C1", status=200)
    assert preview.context["preview"]["text"] == (
        "16 serials from R1C1 to R2C1 of South main, back and forth."
    )
    assert plan_of(site).placed == 0
    do(client, site, "fill", array="n1", cell="R1C1")
    do(client, site, "fill", array="n2", cell="R1C1")
    page = client.get(url(site))
    assert page.context["counts"] == {
        "cells": 24,
        "placed": 24,
        "empty": 0,
        "toplace": 0,
        "missing": 0,
        "duplicates": 0,
    }
    assert world.writes() == []

    review = client.get(url(site, "review"))
    assert review.context["request_kind"] == "all"
    assert review.context["hits"] == 3
    assert review.context["warnings"] == []
    operation = send(client, site, on_commit)
    assert operation.state == State.DONE
    assert operation.message == "The roof plan is saved at Enphase, 24 modules on it."
    assert operation.result["rearranged"] == []
    assert len(world.writes("update_arrays")) == 1

    layout = layout_at_enphase(halcyon)
    south, _garage = layout.arrays
    assert (south.label, south.angle, south.tilt) == ("South main", 184, 22)
    assert south.provisioned_envoy == GATEWAY
    # The upper left cell: leftmost, and furthest up.
    first = next(module for module in south.modules if module.serial_num == micros[0])
    assert (first.left, first.top) == (0, 200)
    back = next(module for module in south.modules if module.serial_num == micros[8])
    assert (back.left, back.top) == (700, 0)
    assert layout.unplaced == []
    assert not draft_of(site).is_open
    assert plan_of(site).placed == 24


def test_empty_cells_outlive_the_sending(client, alice, halcyon, site, micros, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C3", serial=micros[0])
    assert send(client, site, on_commit).state == State.DONE
    [array] = plan_of(site).arrays
    assert (array.rows, array.columns) == (2, 8)
    assert dict(array.cells) == {"R1C3": micros[0]}
    assert array.enphase_id == layout_at_enphase(halcyon).arrays[0].id


def test_empty_cells_at_the_other_edge_are_kept_too(client, alice, site, micros, on_commit):
    """A row more at the bottom moves the corner that Enphase counts from."""
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C3", serial=micros[0])
    send(client, site, on_commit)
    ref = plan_of(site).arrays[0].ref
    do(client, site, "change", array=ref, **SOUTH | {"rows": "4"})
    operation = send(client, site, on_commit)
    assert (operation.kind, operation.state) == ("arrays.update_one", State.DONE)
    [array] = plan_of(site).arrays
    assert (array.rows, array.top, dict(array.cells)) == (4, -400, {"R1C3": micros[0]})
    do(client, site, "change", array=ref, **SOUTH | {"rows": "4", "label": "Roof"})
    do(client, site, "undo")
    page = client.get(url(site, "review"))
    assert (page.context["rows"], page.context["request_kind"]) == ([], "")
    assert not page.context["is_ready"]
    send(client, site, on_commit, status=422)


def test_one_changed_array_is_sent_alone(client, alice, halcyon, site, micros, world, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "add", **SOUTH | {"label": "Garage"})
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    do(client, site, "place", array="n2", cell="R1C1", serial=micros[1])
    send(client, site, on_commit)
    garage = plan_of(site).arrays[1]
    do(client, site, "change", array=garage.ref, **SOUTH | {"label": "Garage", "azimuth": "94"})
    assert client.get(url(site, "review")).context["rows"] == [
        {"field": "Garage, azimuth", "before": "184°", "after": "94°"}
    ]
    operation = send(client, site, on_commit)
    assert (operation.kind, operation.state) == ("arrays.update_one", State.DONE)
    assert operation.title == "Change array Garage"
    assert [one["operation"] for one in world.writes()] == ["update_arrays", "update_array"]
    assert [one.angle for one in layout_at_enphase(halcyon).arrays] == [184, 94]
    assert not draft_of(site).is_open


def test_arrays_are_deleted_one_by_one_when_none_is_left(
    client, alice, halcyon, site, micros, world, on_commit
):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "add", **SOUTH | {"label": "Garage"})
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    send(client, site, on_commit)
    for array in plan_of(site).arrays:
        question = client.get(url(site, "array-delete", array.ref))
        assert question.status_code == 200
        client.post(
            url(site, "array-delete", array.ref), {"revision": question.context["revision"]}
        )
    review = client.get(url(site, "review"))
    assert (review.context["request_kind"], review.context["hits"]) == ("delete", 6)
    send(client, site, on_commit)
    states = Operation.objects.filter(kind="arrays.delete").values_list("state", flat=True)
    assert list(states) == [State.DONE, State.DONE]
    assert layout_at_enphase(halcyon).arrays == []
    assert len(world.writes("delete_array")) == 2
    assert not draft_of(site).is_open


def test_one_array_less_is_one_delete(client, alice, halcyon, site, micros, world, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "add", **SOUTH | {"label": "Garage"})
    send(client, site, on_commit)
    do(client, site, "delete", array=plan_of(site).arrays[0].ref)
    operation = send(client, site, on_commit)
    assert operation.title == "Delete array South main"
    assert [one.label for one in layout_at_enphase(halcyon).arrays] == ["Garage"]


def test_what_enphase_rearranged_is_said(client, alice, halcyon, site, micros, world, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    world.fault("update_arrays", "lost_reply")
    operation = send(client, site, on_commit)
    # While nobody looks, the array is put elsewhere, as Enlighten does to make things fit.
    with client_for(halcyon.pk) as enphase:
        [one] = enphase.arrays.list_arrays(701).arrays
        enphase.arrays.update_arrays(701, 0, [one.for_update() | {"left": 300}])
    look_again(operation)
    assert operation.state == State.DONE
    assert operation.message == (
        "The roof plan is saved at Enphase, 1 module on it. "
        "Enphase arranged it a little differently."
    )
    assert operation.result["rearranged"] == [
        "South main, position: sent x 0, y 0, Enphase has x 300, y 0."
    ]
    page = client.get(url(site))
    assert page.context["last"].result["rearranged"]
    progress = client.get(reverse("operations:detail", args=[operation.pk])).content.decode()
    assert "sent x 0, y 0, Enphase has x 300, y 0." in progress
    assert plan_of(site).arrays[0].left == 300


def look_again(operation):
    """What the worker does when its time has come."""
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()


def test_placing_goes_on_to_the_next_cell(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    answer = do(
        client, site, "place_next", array="n1", cell="R1C8", serial=micros[0], htmx=True, status=200
    )
    assert answer.templates[0].name == "arrays/_builder.html"
    assert answer.context["selected_cell"] == "R2C1"
    assert answer["HX-Replace-Url"] == f"{url(site)}?array=n1&cell=R2C1"
    plain = do(
        client,
        site,
        "place_next",
        array="n1",
        cell="R2C1",
        typed=f"{micros[1][:4]} {micros[1][4:]}",
    )
    assert plain.url == f"{url(site)}?array=n1&cell=R2C2"
    assert dict(plan_of(site).arrays[0].cells) == {"R1C8": micros[0], "R2C1": micros[1]}


def test_last_digits_are_enough_when_one_serial_ends_so(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", typed=micros[3][-4:])
    assert dict(plan_of(site).arrays[0].cells) == {"R1C1": micros[3]}
    do(client, site, "scan", text=f"9999{micros[4][4:]}")
    refused = do(client, site, "place", array="n1", cell="R1C2", typed=micros[4][-4:], status=422)
    assert refused.context["errors"] == ["A serial number has 12 digits. Type it as on the label."]


def test_serial_that_is_placed_is_offered_to_be_moved(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    refused = do(client, site, "place", array="n1", cell="R2C2", serial=micros[0], status=422)
    assert (
        "is in South main R1C1 already. Move it, or choose another." in refused.context["errors"][0]
    )
    assert refused.context["may_move"]["serial"] == micros[0]
    assert refused.context["typed"]["serial"] == micros[0]
    do(client, site, "place", array="n1", cell="R2C2", serial=micros[0], move="1")
    assert dict(plan_of(site).arrays[0].cells) == {"R2C2": micros[0]}


def test_undo_and_redo_by_name(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    page = client.get(url(site))
    assert (page.context["undo"], page.context["redo"]) == (f"Place {micros[0][-4:]}", "")
    assert page.context["changes"] == 2
    do(client, site, "undo")
    page = client.get(url(site))
    assert (page.context["undo"], page.context["redo"]) == (
        "Add South main",
        f"Place {micros[0][-4:]}",
    )
    assert plan_of(site).placed == 0
    do(client, site, "redo")
    assert plan_of(site).placed == 1
    do(client, site, "undo")
    do(client, site, "undo")
    assert plan_of(site).arrays == ()
    refused = do(client, site, "undo", status=422)
    assert refused.context["errors"] == ["There is nothing to undo."]


def test_draft_is_kept_until_discarded(client, alice, dana, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    client.force_login(dana)
    page = client.get(url(site))
    assert page.context["draft"].author == alice
    assert [one.label for one in page.context["plan"].arrays] == ["South main"]
    do(client, site, "discard")
    assert plan_of(site).arrays == ()
    assert client.get(url(site)).context["draft"] is None


def test_second_tab_is_told_and_loses_nothing(client, alice, dana, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    old = draft_of(site).revision
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    client.force_login(dana)
    answer = do(
        client,
        site,
        "place",
        array="n1",
        cell="R1C2",
        typed=micros[1],
        revision=old,
        status=409,
        htmx=True,
    )
    assert answer.context["errors"] == [
        "Alice Ferrer changed this plan meanwhile. It is shown as it is now; "
        "your last step was not taken in. Do it again if it is still right."
    ]
    assert answer.context["typed"]["typed"] == micros[1]
    assert answer.context["revision"] == old + 1
    assert dict(plan_of(site).arrays[0].cells) == {"R1C1": micros[0]}
    # A second tap on the same button is no conflict: what it asks for is there.
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0], revision=old)


@pytest.mark.parametrize("steps", [0, 130])
def test_steps_to_undo_are_bounded(client, alice, site, micros, steps):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    board = drafts.load(site)
    for number in range(steps):
        step = "up" if number % 2 else "down"
        board = drafts.draw(
            board,
            lambda plan, step=step: actions.move(plan, "n1", step),
            "Move",
            actor=alice,
            revision=board.row.revision,
        )
    assert len(draft_of(site).done) == min(steps + 1, drafts.MOST_STEPS)


# Scanning, pasting, the table


def test_scanned_serials_wait_to_be_placed(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    answer = do(
        client,
        site,
        "scan",
        text=f"482399990001\n4823 9999 0002\n{micros[0]}\n482399990001\n77",
        htmx=True,
        status=200,
    )
    assert [notice["text"] for notice in answer.context["notices"]] == [
        "2 serials are on the list to place.",
        f"{micros[0][:4]} {micros[0][4:8]} {micros[0][8:]} is in South main R1C1 already.",
        "4823 9999 0001 is in the list twice; it is taken once.",
        "No serial number: 77. A serial number has 12 digits.",
    ]
    waiting = answer.context["lists"]["toplace"]
    assert [one.number for one in waiting[:2]] == ["482399990001", "482399990002"]
    assert waiting[0].is_detected is False
    assert waiting[0].source == "scanned, not detected yet"
    placed = do(
        client, site, "place", array="n1", cell="R1C2", serial="482399990001", htmx=True, status=200
    )
    assert "Not detected on this site yet: 4823 9999 0001" in placed.context["notices"][0]["text"]
    assert [one.number for one in placed.context["lists"]["missing"]] == ["482399990001"]
    review = client.get(url(site, "review"))
    assert "Enphase has not detected 1 of these" in review.context["warnings"][0]["text"]


def test_enphase_refuses_what_it_never_detected(client, alice, site, micros, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", typed="482399990001")
    operation = send(client, site, on_commit)
    assert operation.state == State.REJECTED
    assert "482399990001" in operation.message + operation.raw_error
    assert draft_of(site).is_open
    assert plan_of(site).placed == 1


def test_list_is_pasted_into_the_cells(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    answer = do(
        client,
        site,
        "paste",
        array="n1",
        cell="R1C1",
        text="\n".join(micros),
        htmx=True,
        status=200,
    )
    assert plan_of(site).placed == 16
    assert answer.context["notices"][0]["text"] == "16 serials placed."
    assert answer.context["counts"]["toplace"] == 8
    assert draft_of(site).scanned == micros[16:]


def test_table_takes_a_whole_array_at_once(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    fields = {f"cell-R1C{n + 1}": micros[n] for n in range(8)}
    do(client, site, "table", array="n1", view="table", **fields)
    assert plan_of(site).placed == 8
    wrong = fields | {"cell-R2C1": micros[0], "cell-R2C2": "123"}
    refused = do(client, site, "table", array="n1", view="table", status=422, **wrong)
    assert set(refused.context["cell_errors"]) == {"R2C1", "R2C2"}
    assert refused.context["typed"]["cell-R2C2"] == "123"
    assert refused.context["view"] == "table"


def test_wrong_field_is_marked_and_keeps_what_was_typed(client, alice, site):
    client.force_login(alice)
    refused = do(client, site, "add", status=422, **SOUTH | {"tilt": "95", "label": "Roof"})
    form = refused.context["forms"]["add"]
    assert "tilt" in form.errors
    assert form["label"].value() == "Roof"
    assert not draft_of(site).is_open


# Serials on two sites


def test_serial_of_another_site_is_named_with_a_link(client, alice, halcyon, site, micros):
    other = copy_of(halcyon, 705)
    snapshots.refresh(other, "arrays")
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    theirs = PlacedSerial.objects.filter(activation=other).first().serial
    answer = do(client, site, "place", array="n1", cell="R1C1", typed=theirs, htmx=True, status=200)
    notice = answer.context["notices"][0]
    assert notice["text"].endswith(f"is placed on {other.name} too.")
    assert notice["url"] == url(other)
    assert answer.context["by_number"][theirs].elsewhere.site_id == other.pk
    # And from the other side, while it is only drafted here.
    page = client.get(url(other))
    assert PlacedSerial.objects.get(activation=site, serial=theirs).is_draft
    assert page.status_code == 200
    do(client, site, "discard")
    assert not PlacedSerial.objects.filter(activation=site).exists()


def test_serial_of_a_strangers_site_is_not_told(client, charlie, alice, site, micros, bluebonnet):
    theirs = copy_of(bluebonnet, 801)
    PlacedSerial.objects.create(company=bluebonnet, activation=theirs, serial="482399990009")
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    answer = do(
        client, site, "place", array="n1", cell="R1C1", typed="482399990009", htmx=True, status=200
    )
    assert theirs.name not in answer.content.decode()
    assert answer.context["by_number"]["482399990009"].elsewhere is None


# When Enphase has something else


def change_outside(halcyon, angle=200, label="South main"):
    with client_for(halcyon.pk) as client:
        layout = client.arrays.list_arrays(701)
        fields = [one.for_update() for one in layout.arrays]
        fields[0] |= {"angle": angle, "label": label}
        client.arrays.update_arrays(701, 0, fields)


def drawn(client, site, micros, on_commit):
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    assert send(client, site, on_commit).state == State.DONE


def test_layout_changed_meanwhile_is_a_conflict(
    client, alice, halcyon, site, micros, world, on_commit
):
    client.force_login(alice)
    drawn(client, site, micros, on_commit)
    ref = plan_of(site).arrays[0].ref
    do(client, site, "place", array=ref, cell="R1C2", serial=micros[1])
    change_outside(halcyon)
    sent = len(world.writes())
    operation = send(client, site, on_commit)
    assert operation.state == State.CONFLICT
    assert (
        operation.message == "Somebody changed the layout at Enphase meanwhile. Nothing was sent."
    )
    assert operation.result["theirs"]["South main, azimuth"] == "200°"
    assert len(world.writes()) == sent
    # The draft is there, says what happened, and can be kept over it.
    page = client.get(url(site))
    assert page.context["outdated"]
    assert plan_of(site).placed == 2
    do(client, site, "rebase")
    assert not client.get(url(site)).context["outdated"]
    assert send(client, site, on_commit).state == State.DONE
    assert layout_at_enphase(halcyon).arrays[0].angle == 184
    assert len(layout_at_enphase(halcyon).arrays[0].modules) == 2


def test_what_somebody_else_did_already_is_not_sent(
    client, alice, halcyon, site, micros, world, on_commit
):
    client.force_login(alice)
    drawn(client, site, micros, on_commit)
    do(client, site, "change", array=plan_of(site).arrays[0].ref, **SOUTH | {"azimuth": "200"})
    change_outside(halcyon, angle=200)
    sent = len(world.writes())
    operation = send(client, site, on_commit)
    assert operation.state == State.DONE
    assert operation.message == "Enphase has this array so already. Nothing was sent."
    assert len(world.writes()) == sent
    assert not draft_of(site).is_open
    assert plan_of(site).arrays[0].columns == 8


def test_a_person_may_decide_to_write_over_it(
    client, alice, halcyon, site, micros, world, on_commit
):
    client.force_login(alice)
    drawn(client, site, micros, on_commit)
    do(client, site, "place", array=plan_of(site).arrays[0].ref, cell="R1C2", serial=micros[1])
    change_outside(halcyon)
    conflict = send(client, site, on_commit)
    assert conflict.state == State.CONFLICT
    with on_commit():
        client.post(
            reverse("operations:override", args=[conflict.pk]), {"reason": "The survey is right"}
        )
    operation = Operation.objects.order_by("-pk").first()
    assert (operation.kind, operation.state) == ("arrays.update_one", State.DONE)
    [one] = layout_at_enphase(halcyon).arrays
    assert (one.angle, len(one.modules)) == (184, 2)
    assert not draft_of(site).is_open


def test_drift_of_an_array_shows_from_and_to_and_is_written_back(
    client, alice, halcyon, site, micros, on_commit
):
    client.force_login(alice)
    drawn(client, site, micros, on_commit)
    change_outside(halcyon, angle=190)
    assert snapshots.refresh(site, "arrays") == ""
    [drift] = snapshots.open_drift(site, [("arrays", "")])
    assert drift.rows == [
        {
            "field": "South main",
            "before": "184°, tilt 22°, 1 module",
            "after": "190°, tilt 22°, 1 module",
        }
    ]
    assert drift.is_restorable
    former = drift.former
    restore = reverse("snapshots:restore", args=[site.pk, former.pk])
    assert "184°" in client.get(restore).content.decode()
    with on_commit():
        client.post(restore, {"reason": "Back to what was drawn"})
    operation = Operation.objects.order_by("-pk").first()
    assert (operation.kind, operation.state) == ("arrays.update", State.DONE)
    assert layout_at_enphase(halcyon).arrays[0].angle == 184
    assert snapshots.open_drift(site, [("arrays", "")]) == []
    # The frame with its empty cells is still ours.
    assert plan_of(site).arrays[0].columns == 8


def test_moved_serial_is_drift(client, alice, halcyon, site, micros, on_commit):
    client.force_login(alice)
    drawn(client, site, micros, on_commit)
    with client_for(halcyon.pk) as enphase:
        fields = [one.for_update() for one in enphase.arrays.list_arrays(701).arrays]
        fields[0]["modules"][0]["serial_num"] = micros[5]
        enphase.arrays.update_arrays(701, 0, fields)
    snapshots.refresh(site, "arrays")
    [drift] = snapshots.open_drift(site, [("arrays", "")])
    assert [row["field"] for row in drift.rows] == ["South main, row 1"]


def test_our_own_change_is_no_drift(client, alice, site, micros, on_commit):
    client.force_login(alice)
    drawn(client, site, micros, on_commit)
    snapshots.refresh(site, "arrays")
    assert snapshots.open_drift(site) == []


def test_lost_reply_is_looked_up_and_not_sent_again(
    client, alice, halcyon, site, micros, world, on_commit
):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    do(client, site, "place", array="n1", cell="R1C1", serial=micros[0])
    world.fault("update_arrays", "lost_reply")
    operation = send(client, site, on_commit)
    assert operation.state == State.UNKNOWN
    page = client.get(url(site))
    assert page.context["running"] == operation
    assert not page.context["may_edit"]
    refused = do(client, site, "clear", array="n1", cell="R1C1", status=409)
    assert "is not settled yet" in refused.context["errors"][0]
    look_again(operation)
    assert operation.state == State.DONE
    assert len(world.writes("update_arrays")) == 1
    assert not draft_of(site).is_open


def test_array_writes_that_enphase_no_longer_offers_are_explained(
    client, alice, site, micros, world, on_commit
):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    world.fault(
        "update_arrays",
        "status",
        status=405,
        body={"reason": "405", "message": ["Method not allowed"]},
    )
    operation = send(client, site, on_commit)
    assert operation.state == State.REJECTED
    assert operation.message == "Enphase does not offer this any more. Nothing was changed."
    assert draft_of(site).is_open


def test_answering_twice_sends_once(client, alice, site, micros, world, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    page = client.get(url(site, "review"))
    data = {"revision": page.context["revision"], "token": page.context["token"]}
    with on_commit():
        client.post(url(site, "review"), data)
        client.post(url(site, "review"), data)
    with on_commit():
        again = client.post(url(site, "review"), data)
    assert again.status_code == 302
    assert Operation.objects.count() == 1
    assert len(world.writes("update_arrays")) == 1


def test_review_of_an_older_plan_is_not_sent(client, alice, site, micros, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    page = client.get(url(site, "review"))
    do(client, site, "add", **SOUTH | {"label": "Garage"})
    answer = client.post(
        url(site, "review"), {"revision": page.context["revision"], "token": page.context["token"]}
    )
    assert answer.status_code == 409
    assert not Operation.objects.exists()


def test_missing_gateway_is_asked_for_before_sending(client, alice, site, on_commit):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    row = draft_of(site)
    row.plan["arrays"]["n1"]["gateway"] = ""
    row.save()
    page = client.get(url(site, "review"))
    assert page.context["points"] == ["South main has no gateway. Choose one."]
    assert not page.context["is_ready"]
    send(client, site, on_commit, status=422)
    assert not Operation.objects.exists()


# Who may


@pytest.mark.parametrize("person", ["bob", "sam"])
def test_lookers_see_the_plan_and_change_nothing(client, alice, site, micros, request, person):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    client.force_login(request.getfixturevalue(person))
    page = client.get(url(site))
    assert page.status_code == 200
    assert not page.context["may_edit"]
    assert client.get(url(site, "array", "n1")).status_code == 200
    do(client, site, "delete", array="n1", status=403)
    assert client.post(url(site, "array", "n1"), SOUTH).status_code == 403
    assert client.get(url(site, "review")).status_code == 403
    assert len(plan_of(site).arrays) == 1


def test_strangers_find_nothing(client, charlie, site):
    client.force_login(charlie)
    assert client.get(url(site)).status_code == 404
    do(client, site, "add", status=404)


def test_layout_that_was_never_read_is_not_drawn_on(client, alice, halcyon):
    site = copy_of(halcyon, 701)
    client.force_login(alice)
    page = client.get(url(site))
    assert not page.context["known"]
    assert "Not read yet" in page.content.decode()
    refused = do(client, site, "add", status=422, **SOUTH)
    assert refused.context["errors"] == ["The layout was not read yet. Refresh it first."]


def test_fields_of_one_array_have_a_page(client, alice, site):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    page = client.get(url(site, "array", "n1"))
    assert page.context["form"].initial["azimuth"] == 184
    answer = client.post(
        url(site, "array", "n1"),
        SOUTH | {"azimuth": "360", "revision": page.context["revision"], "array": "n1"},
    )
    assert answer.status_code == 302
    assert plan_of(site).arrays[0].azimuth == 0
    moved = client.post(
        url(site, "array", "n1"),
        {"x": "300", "y": "-200", "revision": draft_of(site).revision, "array": "n1"},
    )
    assert moved.status_code == 302
    assert (plan_of(site).arrays[0].left, plan_of(site).arrays[0].top) == (300, -200)
    assert client.get(url(site, "array", "zz")).status_code == 404


def test_draft_reads_back_as_it_was_drawn(client, alice, site, micros):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    row = draft_of(site)
    assert from_json(row.plan) == plan_of(site)
    assert row.base["order"] == []


def test_scan_page_stays_where_it_is(client, alice, site):
    client.force_login(alice)
    address = f"{url(site, 'scan')}?array=n1&cell=R1C1"
    page = client.get(address)
    assert page.context["back_url"] == f"{url(site)}?array=n1&cell=R1C1"
    answer = client.post(address, {"text": "482399990001"})
    assert answer.url == address
    page = client.get(address)
    assert [one.number for one in page.context["scanned"]] == ["482399990001"]
    assert client.post(address, {"text": "abc"}).status_code == 422
    assert client.post(address, {"text": ""}).status_code == 422
    do(client, site, "unscan", serial="482399990001")
    assert draft_of(site).scanned == []
