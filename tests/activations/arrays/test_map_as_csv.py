"""The map as a CSV file: out and in again, tried before it is taken in."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activations.arrays import csvmap
from activations.arrays.layout import LANDSCAPE, Plan
from tests.activations.arrays.roofs import GATEWAY, array, plan, serial
from tests.activations.arrays.steps import SOUTH, do, draft_of, plan_of, url
from tests.activations.arrays.test_drawing import acts, follow

pytestmark = pytest.mark.django_db


def text_of(drawn):
    return "".join(csvmap.lines(drawn))


def rows(*lines):
    return "\n".join([",".join(csvmap.HEADINGS), *lines])


def test_file_holds_every_cell():
    drawn = plan(array(rows=1, columns=2, cells={"R1C2": serial(1)}))
    found = list(csv.DictReader(io.StringIO(text_of(drawn).lstrip(csvmap.MARK))))
    assert [(row["row"], row["column"], row["serial"]) for row in found] == [
        ("1", "1", ""),
        ("1", "2", serial(1)),
    ]
    assert found[0] | {} == {
        "array": "South main",
        "row": "1",
        "column": "1",
        "serial": "",
        "azimuth": "184",
        "tilt": "22",
        "orientation": "portrait",
        "gateway": GATEWAY,
    }


def test_name_that_looks_like_a_formula_is_harmless_and_comes_back():
    drawn = plan(array(label="=1+1", cells={"R1C1": serial(1)}))
    text = text_of(drawn)
    assert "\n'=1+1," in text.replace("\r", "")
    again = csvmap.read(text, Plan(), [GATEWAY])
    assert again.errors == []
    assert again.plan.arrays[0].label == "=1+1"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(acts, max_size=20))
def test_any_plan_comes_back_from_its_file(sequence):
    drawn = follow(plan(), sequence)[-1]
    again = csvmap.read(text_of(drawn), Plan(), [])
    if not drawn.arrays:
        assert again.errors == [(1, "The file has no rows below its headings.")]
        return
    assert again.errors == []
    for was, now in zip(drawn.arrays, again.plan.arrays, strict=True):
        assert (was.label, was.rows, was.columns) == (now.label, now.rows, now.columns)
        assert (was.azimuth, was.tilt, was.orientation) == (now.azimuth, now.tilt, now.orientation)
        assert dict(was.cells) == dict(now.cells)
    # Onto itself it changes nothing.
    assert csvmap.read(text_of(drawn), drawn, []).rows == []


def test_every_mistake_is_named_with_its_line():
    found = csvmap.read(
        rows(
            f"South,1,1,{serial(1)},184,22,portrait,{GATEWAY}",
            f"South,1,2,{serial(1)},,,,",
            f"South,1,1,{serial(2)},,,,",
            "South,0,3,,,,,",
            ",1,3,,,,,",
            "South,1,4,4.82E+11,,,,",
            "South,1,5,1234,,,,",
            "East,1,1,,north,22,,",
            "West,1,1,,90,22,sideways,",
            "North,1,1,,90,22,,999",
        ),
        Plan(),
        [GATEWAY],
    )
    assert found.errors == [
        (3, "4820 0000 0001 is on line 2 too."),
        (4, "South R1C1 is in the file twice."),
        (5, "The row must be a whole number from 1 on, not 0."),
        (6, "The array has no name."),
        (7, "4.82E+11 was rounded by a spreadsheet. Make the column text, enter it again."),
        (8, "1234 is no serial number. Each has 12 digits."),
        (9, "Azimuth and tilt are numbers of degrees."),
        (10, "Modules are portrait or landscape."),
        (11, "Gateway 999 is not on this site."),
    ]
    assert found.plan is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file has no rows below its headings."),
        ("a,b\n1,2", "No column array. The first line must name: array, row, column, serial"),
        (rows("South,900,1,,184,22,,"), "South: An array has 1 to 60 rows."),
        (rows("South,1,1,,184,95,,"), "South: Tilt is between 0 and 90 degrees."),
    ],
)
def test_file_that_is_no_map(text, sentence):
    [(_, said)] = csvmap.read(text, Plan(), []).errors
    assert said.startswith(sentence)


def test_semicolons_and_other_columns_are_fine():
    text = "Row;Column;Array;Serial;Note\n1;2;South;" + serial(1) + ";left of the chimney\n"
    found = csvmap.read(text, Plan(), [])
    assert found.errors == []
    assert dict(found.plan.arrays[0].cells) == {"R1C2": serial(1)}


def test_file_moves_serials_and_leaves_other_arrays():
    drawn = plan(
        array(rows=1, columns=2, cells={"R1C1": serial(1), "R1C2": serial(2)}, enphase_id=5),
        array("a2", "Garage", 1, 2, left=900, orientation=LANDSCAPE, cells={"R1C1": serial(3)}),
    )
    found = csvmap.read(
        rows(f"South main,1,1,{serial(2)},,,,", f"South main,1,2,{serial(3)},,,,"), drawn, []
    )
    south, garage = found.plan.arrays
    assert dict(south.cells) == {"R1C1": serial(2), "R1C2": serial(3)}
    assert (south.enphase_id, south.azimuth, south.gateway) == (5, 184, GATEWAY)
    assert dict(garage.cells) == {}
    assert found.said == [
        "4820 0000 0003 moves away from Garage R1C1.",
        "Not in the file, left as it is: Garage.",
    ]


def test_file_is_tried_first_and_taken_in_as_one_step(client, alice, site):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    text = rows(f"Shed,1,1,{serial(1)},90,10,landscape,{GATEWAY}", "Shed,1,2,,,,,")
    upload = SimpleUploadedFile("map.csv", text.encode("utf-16"))
    tried = client.post(url(site, "import"), {"file": upload, "do": "check"})
    assert tried.status_code == 200
    outcome = tried.context["outcome"]
    assert outcome.is_ready
    assert (outcome.cells, outcome.placed) == (2, 1)
    assert len(plan_of(site).arrays) == 1
    taken = client.post(
        url(site, "import"),
        {"text": outcome.text, "revision": tried.context["revision"], "do": "take"},
    )
    assert taken.url == url(site)
    assert [one.label for one in plan_of(site).arrays] == ["South main", "Shed"]
    assert draft_of(site).undo == "Import a map"
    do(client, site, "undo")
    assert [one.label for one in plan_of(site).arrays] == ["South main"]


def test_wrong_file_keeps_its_text(client, alice, site):
    client.force_login(alice)
    answer = client.post(url(site, "import"), {"text": rows("South,1,1,12,184,22,,")})
    assert answer.status_code == 422
    assert answer.context["outcome"].errors == [(2, "12 is no serial number. Each has 12 digits.")]
    assert "12 is no serial number" in answer.content.decode()
    assert client.post(url(site, "import"), {"text": " "}).status_code == 422
    assert not draft_of(site).is_open


def test_file_taken_in_over_a_newer_plan_is_told(client, alice, site):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    answer = client.post(
        url(site, "import"),
        {"text": rows("Shed,1,1,,90,10,,"), "revision": "0", "do": "take"},
    )
    assert answer.status_code == 409
    assert len(plan_of(site).arrays) == 1


def test_download_has_the_sites_number_and_no_stranger_gets_it(client, alice, charlie, site):
    client.force_login(alice)
    do(client, site, "add", **SOUTH)
    answer = client.get(url(site, "export"))
    assert answer["Content-Disposition"] == 'attachment; filename="arrays-701.csv"'
    assert b"".join(answer.streaming_content).decode().count("South main") == 16
    client.force_login(charlie)
    assert client.get(url(site, "export")).status_code == 404
