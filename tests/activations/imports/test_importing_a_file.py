"""Importing: a file, its columns, what every row would do, then one run that pays once a row."""

import csv
import io
import tracemalloc
from datetime import timedelta

import pytest
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from activations import services as sites
from activations import sync
from activations.catalog import sync as catalogues
from activations.imports import checking, columns, files, services, tasks
from activations.imports.models import Upload
from activations.models import Activation
from companies.homeowners.models import HomeOwner, SiteAccess
from portal.operations import runner
from portal.operations.models import AuditEvent, Operation, Run, RunItem, State
from portal.operations.runs import services as runs
from portal.operations.runs.pump import pump
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

HEADER = ["Customer", "Job number", "Street", "Town", "State", "ZIP", "Micros"]
TEXAS = ["Lavaca Street", "Austin", "Texas", "78701"]


def site_row(number, **changes):
    row = {
        "Customer": f"Site {number}",
        "Job number": f"TX-{number:04}",
        "Street": f"{number} Lavaca Street",
        "Town": "Austin",
        "State": "Texas",
        "ZIP": "78701",
        "Micros": "24",
    }
    return [(row | changes)[name] for name in HEADER]


def as_csv(header, rows, delimiter=","):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode()


def uploaded(client, content, kind="activations", name="sites.csv"):
    file = SimpleUploadedFile(name, content)
    answer = client.post(reverse("imports:list"), {"kind": kind, "file": file})
    assert answer.status_code == 302, answer.content.decode()
    return Upload.objects.latest("pk")


def checked(client, on_commit, upload, **changes):
    chosen = {field: str(number) for field, number in upload.columns.items()} | changes
    with on_commit():
        client.post(reverse("imports:columns", args=[upload.pk]), chosen)
    upload.refresh_from_db()
    return upload


def run_all(run, actor, on_commit):
    with on_commit():
        runs.start(run, actor=actor)
    for _ in range(20):
        with on_commit():
            pump(run.pk)
        # What waits for another operation looks again in a moment.
        for operation in Operation.objects.filter(state=State.QUEUED):
            Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
            with on_commit():
                runner.run(operation.pk)
        run.refresh_from_db()
        if run.state == Run.State.FINISHED:
            return
    raise AssertionError(f"{run.state}: {run.message}")


@pytest.fixture
def tess(bluebonnet):
    from tests.conftest import make_user

    return make_user("tess@bluebonnet.example", "Tess Moreno", bluebonnet, "admin")


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_every_office(delimiter):
    content = as_csv(["Name", "City"], [["Zoë's", "Petaluma"], ["", ""], ["B", "C"]], delimiter)
    assert files.read(content, "x.csv") == (["Name", "City"], [["Zoë's", "Petaluma"], ["B", "C"]])
    latin = content.decode().encode("cp1252")
    assert files.read(latin, "x.csv")[1][0][0] == "Zoë's"


def test_workbook_reads_numbers_as_people_see_them():
    data = tablib.Dataset([24.0, "0123", None], headers=["Micros", "Serial", "Note"])
    header, rows = files.read(data.export("xlsx"), "sites.xlsx")
    assert header == ["Micros", "Serial", "Note"]
    assert rows == [["24", "0123", ""]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"Name,City\n", "no rows below them"),
        (b",,\n1,2,3\n", "no names of columns"),
        (b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00", "This is no table"),
        (b"PK\x03\x04not a workbook", "This is no workbook"),
        (b"a\n" + b"x\n" * 10_001, "10,000 are the most"),
        (b"x" * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
    ],
)
def test_what_is_no_table_is_refused_in_words(client, alice, content, words):
    client.force_login(alice)
    file = SimpleUploadedFile("sites.csv", content)
    answer = client.post(reverse("imports:list"), {"kind": "activations", "file": file})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page or "The submitted file is empty" in page
    assert not Upload.objects.exists()


def test_ten_thousand_rows_stay_small():
    rows = [site_row(number) for number in range(10_000)]
    content = as_csv(HEADER, rows)
    tracemalloc.start()
    files.read(content, "sites.csv")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


@pytest.mark.parametrize("file_type", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", ["activations", "home-owners"])
def test_template_imports_as_it_is(client, alice, kind, file_type):
    client.force_login(alice)
    answer = client.get(reverse("imports:template", args=[kind, file_type]))
    header, rows = files.read(answer.content, f"x.{file_type}")
    assert len(rows) == 1
    assert set(columns.guess(kind, header)) == {column.field for column in columns.columns_of(kind)}


def test_no_cell_is_a_formula():
    content = files.write("csv", ["Name"], [["=HYPERLINK()"], ["@x"], ["fine"]]).decode("utf-8-sig")
    assert content.split() == ["Name", "'=HYPERLINK()", "'@x", "fine"]


# ------------------------------------------------------------------ columns


def test_columns_of_somebody_elses_file_are_recognised():
    assert columns.guess("activations", HEADER) == {
        "system_name": 0,
        "project": 1,
        "street1": 2,
        "city": 3,
        "state": 4,
        "postal_code": 5,
        "expected_pcu_count": 6,
    }


def test_a_column_means_one_thing(client, tess, on_commit):
    client.force_login(tess)
    upload = uploaded(client, as_csv(HEADER, [site_row(1)]))
    page = client.get(reverse("imports:columns", args=[upload.pk])).content.decode()
    assert "Like 1 Lavaca Street" in page
    answer = client.post(
        reverse("imports:columns", args=[upload.pk]), {"system_name": "0", "city": "0"}
    )
    assert answer.status_code == 422
    assert "taken by “Name” already" in answer.content.decode()
    answer = client.post(reverse("imports:columns", args=[upload.pk]), {"city": "3"})
    assert answer.status_code == 422


# ------------------------------------------------------------------ dry run


def test_dry_run_tells_each_row_and_costs_nothing(client, tess, bluebonnet, world, on_commit):
    sync.sweep(bluebonnet)
    known = Activation.objects.filter(company=bluebonnet).first()
    rows = [
        site_row(1),
        site_row(2, State="Nowhere"),
        site_row(3, **{"Job number": "TX-0001"}),
        site_row(4, Street="1 Lavaca Street"),
        site_row(5, Micros="many"),
        site_row(6, Customer=""),
        site_row(
            7,
            Street=known.street1,
            Town=known.city,
            State=known.state,
            ZIP=known.postal_code,
        ),
    ]
    client.force_login(tess)
    upload = uploaded(client, as_csv(HEADER, rows))
    hits = world.hits
    checked(client, on_commit, upload)
    assert world.hits == hits
    run = upload.run
    assert (run.changes, run.already, run.cannot) == (1, 3, 3)
    items = {item.number: item for item in run.items.all()}
    assert items[1].state == RunItem.State.WAITING
    assert items[3].before == {"Row": "Same project number as row 1"}
    assert items[4].before == {"Row": "Same address as row 1"}
    assert known.name in items[7].before["Site"]
    assert "State: “Nowhere” is none of the choices." in items[2].reason
    assert "Expected microinverters: Enter a whole number." in items[5].reason
    assert "Enter a name for the site." in items[6].reason
    page = client.get(reverse("imports:upload", args=[upload.pk])).content.decode()
    assert "Checked: 1 new, 3 duplicates, 3 errors." in page
    assert runs.estimate_of(run).mills >= 2000
    assert not Operation.objects.exists()


def test_file_of_errors_is_mended_and_uploaded(client, tess, on_commit):
    client.force_login(tess)
    upload = uploaded(client, as_csv(HEADER, [site_row(1), site_row(2, Micros="many")]))
    checked(client, on_commit, upload)
    for file_type in ("csv", "xlsx"):
        answer = client.get(reverse("imports:errors", args=[upload.pk, file_type]))
        header, rows = files.read(answer.content, f"x.{file_type}")
        assert header == [*HEADER, "What is wrong"]
        [row] = rows
        assert row[0] == "Site 2"
        assert row[-1]
    again = uploaded(client, as_csv(HEADER, [site_row(2)]))
    checked(client, on_commit, again)
    assert (again.run.changes, again.run.cannot) == (1, 0)


def test_columns_may_be_changed_until_it_runs(client, tess, on_commit):
    client.force_login(tess)
    upload = uploaded(client, as_csv(HEADER, [site_row(1, Micros="many")]))
    checked(client, on_commit, upload)
    assert upload.run.cannot == 1
    first = upload.run
    checked(client, on_commit, upload, expected_pcu_count="")
    assert upload.run != first
    assert upload.run.changes == 1


def test_california_row_with_everything_people_write(client, alice, halcyon, on_commit):
    catalogues.refresh(halcyon)
    header = [column.label for column in columns.ACTIVATIONS]
    row = {
        "Name": "Everything",
        "Branch": "halcyon solar north",
        "System type": "RESIDENTIAL",
        "Street and number": "12 Nowhere Lane",
        "City": "Sacramento",
        "State": "california",
        "Postal code": "95814",
        "Country": "usa",
        "Grid connection": "Net Metering",
        "Battery of another maker": "nein",
        "Permission to operate": "x",
        "Interconnection application": "2026-01-15",
    }
    client.force_login(alice)
    upload = uploaded(client, as_csv(header, [[row.get(name, "") for name in header]]))
    checked(client, on_commit, upload)
    item = upload.run.items.get()
    assert item.state == RunItem.State.WAITING, item.reason
    steps = item.value["steps"]
    assert steps["site"]["branch"] == halcyon.branches.get(enphase_id=81).pk
    assert steps["site"]["state"] == "CA"
    assert steps["grid"]["grid_connection_type"]
    assert steps["grid"]["permission_to_operate"] is True


def test_dry_run_finds_the_copies_that_creating_would_find(halcyon, alice, world):
    known = copy_of(halcyon, 701)
    Operation.objects.create(
        kind="activation.create",
        key="create:y",
        title="Create",
        subject="Under way",
        company=halcyon,
        payload={"system": {"reference": "TX0009ABCDEFS", "envoy_serial_numbers": ["1"]}},
    )
    here = checking._Here(halcyon)
    address = {
        part: getattr(known, part)
        for part in ("street1", "city", "state", "postal_code", "country")
    }
    asked = [
        ({"address": address}, ""),
        ({"address": address | {"street1": address["street1"].upper() + "."}}, ""),
        ({"address": address | {"postal_code": f"{address['postal_code']}-1234"}}, ""),
        ({"address": address | {"street1": "Elsewhere 1"}}, ""),
        ({}, known.reference),
        ({}, known.reference.lower()),
        ({}, "nobody-has-this"),
        ({}, "tx-0009"),
        ({"envoy_serial_numbers": ["1"]}, ""),
        ({"envoy_serial_numbers": known.detail["envoy_serial_numbers"]}, ""),
        ({"envoy_serial_numbers": ["2"]}, ""),
    ]
    found = [bool(here.copy_of(system, project)) for system, project in asked]
    assert found == [bool(sites.copies_here(system, halcyon, project)) for system, project in asked]
    assert found == [True, True, True, False, True, True, False, True, True, True, False]


@pytest.mark.parametrize("kind", ["activations", "home-owners"])
def test_a_row_costs_few_queries(client, tess, django_assert_max_num_queries, kind):
    if kind == "activations":
        header, make = HEADER, site_row
    else:
        header = ["E-mail", "First name", "Last name"]

        def make(number):
            return [f"p{number}@example.com", "Pat", "Doe"]

    client.force_login(tess)
    upload = uploaded(client, as_csv(header, [make(number) for number in range(100)]), kind)
    with django_assert_max_num_queries(320):
        assert len(list(checking.looked(upload))) == 100


def test_check_that_lost_its_worker_goes_on(client, tess):
    client.force_login(tess)
    upload = uploaded(client, as_csv(HEADER, [site_row(1)]))
    Upload.objects.update(created_at=timezone.now() - timedelta(hours=1))
    Upload.objects.update(changed_at=timezone.now() - timedelta(hours=1))
    services.check_later(upload, upload.columns)
    tasks.look_after_uploads()
    upload.refresh_from_db()
    # It has only just begun.
    assert upload.state == Upload.State.CHECKING
    Upload.objects.update(changed_at=timezone.now() - timedelta(minutes=6))
    tasks.look_after_uploads()
    upload.refresh_from_db()
    assert upload.state == Upload.State.CHECKED


# ------------------------------------------------------------------ the run


def test_every_row_is_created_and_paid_once(client, tess, world, on_commit):
    client.force_login(tess)
    content = as_csv(HEADER, [site_row(number) for number in range(1, 6)])
    upload = uploaded(client, content)
    checked(client, on_commit, upload)
    run_all(upload.run, tess, on_commit)
    states = list(Operation.objects.values_list("state", flat=True))
    assert states == [State.DONE] * 5, Operation.objects.values_list("message", flat=True)
    assert world.creates == 5
    made = Activation.objects.get(name="Site 3")
    assert made.reference.startswith("TX0003")
    assert made.state == "TX"

    # The same file again creates nothing more.
    again = uploaded(client, content)
    checked(client, on_commit, again)
    assert (again.run.changes, again.run.already) == (0, 5)
    assert world.creates == 5


def test_owner_who_is_new_is_created_before_the_site(client, tess, world, on_commit):
    header = [*HEADER, "E-mail", "First name", "Last name"]
    row = [*site_row(1), "new.owner@example.com", "Nora", "Bell"]
    client.force_login(tess)
    upload = uploaded(client, as_csv(header, [row]))
    checked(client, on_commit, upload)
    run_all(upload.run, tess, on_commit)
    assert Operation.objects.filter(state=State.DONE).count() == 2
    made = Activation.objects.get(name="Site 1")
    assert made.owner_name == "Nora Bell"
    assert world.creates == 1


def test_site_that_appeared_meanwhile_is_not_created_again(
    client, tess, bluebonnet, world, on_commit
):
    client.force_login(tess)
    upload = uploaded(client, as_csv(HEADER, [site_row(1)]))
    checked(client, on_commit, upload)
    sync.sweep(bluebonnet)
    known = Activation.objects.filter(company=bluebonnet).first()
    Activation.objects.filter(pk=known.pk).update(
        street1="1 Lavaca Street", city="Austin", state="TX", postal_code="78701", country="US"
    )
    run_all(upload.run, tess, on_commit)
    item = upload.run.items.get()
    assert item.state == RunItem.State.REFUSED
    assert "exists already" in item.reason
    assert world.creates == 0
    assert services.not_taken(upload) == [(1, "Site 1", item.reason)]


# ------------------------------------------------------------------ home owners


def test_home_owners_and_their_access(client, alice, halcyon, world, on_commit):
    sync.sweep(halcyon)
    HomeOwner.objects.create(company=halcyon, enphase_id=1, email="known@example.com")
    site = Activation.objects.get(company=halcyon, system_id=702)
    header = ["Mail", "Forename", "Surname", "System ID"]
    rows = [
        ["one@example.com", "One", "Person", ""],
        ["two@example.com", "Two", "Person", "702"],
        ["known@example.com", "Known", "Person", ""],
        ["ONE@example.com", "One", "Again", ""],
        ["not an address", "No", "Address", ""],
        ["three@example.com", "Three", "Person", "no such site"],
    ]
    client.force_login(alice)
    upload = uploaded(client, as_csv(header, rows), kind="home-owners")
    checked(client, on_commit, upload, site="3")
    assert (upload.run.changes, upload.run.already, upload.run.cannot) == (2, 2, 2)
    run_all(upload.run, alice, on_commit)
    assert len(world.writes("create_home_owner")) == 2
    two = HomeOwner.objects.get(email="two@example.com")
    assert SiteAccess.objects.get(home_owner=two).activation == site
    assert len(world.writes("grant_activation_access")) == 1


# ------------------------------------------------------------------ the file


def test_file_is_deleted_and_its_run_stays(client, alice, halcyon, on_commit):
    client.force_login(alice)
    upload = uploaded(client, as_csv(HEADER, [site_row(1, State="California")]))
    checked(client, on_commit, upload)
    run_page = reverse("operations:run", args=[upload.run_id])
    file_page = reverse("imports:upload", args=[upload.pk])
    assert file_page in client.get(run_page).content.decode()
    forget = reverse("imports:forget", args=[upload.pk])
    Upload.objects.update(state=Upload.State.CHECKING)
    assert client.post(forget).url == file_page
    Upload.objects.update(state=Upload.State.CHECKED)
    assert client.post(forget).url == reverse("imports:list")
    assert not Upload.objects.exists()
    page = client.get(run_page)
    assert page.status_code == 200
    assert file_page not in page.content.decode()
    assert AuditEvent.objects.filter(tag="import:forgotten", company=halcyon).exists()


def test_refused_file_keeps_what_was_chosen(client, alice):
    client.force_login(alice)
    file = SimpleUploadedFile("owners.csv", b"Name\n")
    answer = client.post(reverse("imports:list"), {"kind": "home-owners", "file": file})
    assert answer.status_code == 422
    assert answer.context["form"]["kind"].value() == "home-owners"
    assert "no rows below them" in answer.content.decode()


def test_columns_that_nobody_asks_for_are_named(client, alice):
    client.force_login(alice)
    upload = uploaded(client, as_csv([*HEADER, "Dog's name"], [[*site_row(1), "Rex"]]))
    page = client.get(reverse("imports:columns", args=[upload.pk])).content.decode()
    assert "Not imported: Dog&#x27;s name." in page


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("charlie", 404), ("sam", 403)])
def test_who_may_not_see_a_file(client, alice, request, on_commit, person, status):
    client.force_login(alice)
    upload = uploaded(client, as_csv(HEADER, [site_row(1)]))
    client.force_login(request.getfixturevalue(person))
    for name in ("imports:upload", "imports:columns"):
        assert client.get(reverse(name, args=[upload.pk])).status_code == status
