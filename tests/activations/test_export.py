"""The list as a CSV file."""

import csv
import io
import tracemalloc

import pytest

from activations import export, sync
from activations.models import Activation
from portal.operations.models import AuditEvent
from tests.activations.made import make_site

URL = "/activations/export.csv"


def rows_of(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_export_holds_what_the_filters_show(client, alice, halcyon):
    sync.sweep(halcyon)
    client.force_login(alice)
    response = client.get(URL, {"view": "all", "q": "okafor", "stage": "3"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="activations-')
    rows = rows_of(response)
    assert {row["Name"] for row in rows} == {"Okafor residence", "Brennan workshop"}
    okafor = next(row for row in rows if row["System id"] == "701")
    assert (okafor["Reference"], okafor["Stage name"], okafor["Owner"]) == (
        "HAL701", "Verifying", "Ada Okafor",
    )  # fmt: skip


def test_export_is_noted_in_the_trail(client, alice, halcyon):
    client.force_login(alice)
    client.get(URL, {"view": "pto"})
    event = AuditEvent.objects.get(tag="activation:exported")
    assert event.actor_name == "Alice Ferrer"
    assert event.data == {"filters": "?view=pto"}


def test_strangers_sites_are_not_in_it(client, charlie, halcyon):
    make_site(halcyon)
    client.force_login(charlie)
    assert rows_of(client.get(URL, {"view": "all"})) == []


@pytest.mark.parametrize(
    "evil",
    [
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", '"=1', "'=1", "＝1+1",
        "＋1", "－cmd", "＠x", "\u00a0=1", "=HYPERLINK(\"http://x.example\",\"y\")", "-",
        "=cmd|'/C calc'!A0", "\n=1",
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(client, alice, halcyon, evil):
    Activation.objects.all().delete()
    make_site(halcyon, name=evil, owner_name=evil, reference=evil)
    client.force_login(alice)
    (row,) = rows_of(client.get(URL))
    for cell in (row["Name"], row["Owner"], row["Reference"]):
        assert cell.startswith("'")
        # The value is still there for whoever wants it back.
        assert cell.removeprefix("'") == evil


@pytest.mark.parametrize("number", ["-12.5", "+3", "-1e3", "1047"])
def test_numbers_stay_numbers(number):
    assert export.plain(number) == number


@pytest.mark.parametrize("text", ["Okafor-Lane", "a=b", "Straße 5", "", "12 + 3"])
def test_ordinary_text_stays_as_it_is(text):
    assert export.plain(text) == text


def test_a_long_list_is_written_piece_by_piece(client, alice, halcyon):
    Activation.objects.bulk_create(
        [
            Activation(
                company=halcyon,
                system_id=number,
                name=f"House {number}",
                stage=2,
                updated_at="2026-01-01T00:00:00Z",
                raw={"filler": "x" * 200},
            )
            for number in range(1, 20_001)
        ],
        batch_size=1000,
    )
    client.force_login(alice)
    response = client.get(URL)
    stream = iter(response.streaming_content)
    next(stream)
    tracemalloc.start()
    lines = sum(1 for _ in stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 20_000
    # A chunk of 2,000 rows takes about 4 MB; all rows at once would take 30 and more.
    assert peak < 12_000_000
