"""Importing in a browser: a file, its columns, what every row would do, the run, the errors."""

import csv
import io

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations import sync
from activations.imports import files, services
from activations.imports.models import Upload
from activations.models import Activation
from portal.connections.services import client_for
from portal.operations.models import Operation, Run, State
from tests.browsers import assert_accessible
from tests.e2e import flows
from tests.e2e.flows import button, link
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

HEADER = [
    "Customer",
    "Job number",
    "Street",
    "Town",
    "State",
    "ZIP",
    "Micros",
    "Grid connection",
    "Battery of another maker",
    "Dog's name",
]


def row(number: int, **changes: str) -> list[str]:
    values = {
        "Customer": f"Import {number}",
        "Job number": f"IMP-{number:04}",
        "Street": f"{number} Nowhere Lane",
        "Town": "Sacramento",
        "State": "California",
        "ZIP": "95814",
        "Micros": "24",
        "Grid connection": "Net Metering",
        "Battery of another maker": "no",
        "Dog's name": "Rex",
    }
    return [(values | changes)[name] for name in HEADER]


# Two to create, one twice, one that cannot be.
ROWS = [row(1), row(2), row(3, **{"Job number": "IMP-0001"}), row(4, Micros="many")]


def as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def upload(hand, content: bytes, *, kind: str = "") -> None:
    """From the list of activations to the page that asks which column is which."""
    page = hand.page
    page.goto(reverse("imports:list"))
    if kind:
        page.get_by_label(kind, exact=False).first.check()
    field = page.get_by_label("CSV or XLSX")
    field.set_input_files({"name": "october.csv", "mimeType": "text/csv", "buffer": content})
    hand.press(button(page, "Upload file"))
    expect(page.get_by_role("heading", name="Which column is which?", level=1)).to_be_attached()


def check(hand, words: str, *, javascript: bool = True) -> None:
    page = hand.page
    hand.press(button(page, "Check the rows"))
    flows.wait_for_text(page, words, javascript=javascript)


def start(hand, count: int, *, javascript: bool = True) -> None:
    page = hand.page
    hand.press(link(page, "See cost and start"))
    hand.type(page.get_by_label(f"Type {count} to confirm"), str(count))
    hand.type(page.get_by_label("Reason"), "From the old list")
    hand.press_twice(button(page, "Import activations"))
    flows.wait_for_text(page, "Finished", javascript=javascript)


def assert_created_once(world, halcyon) -> None:
    assert world.creates == 2
    with client_for(halcyon.pk) as enphase:
        for number in (1, 2):
            site = Activation.objects.get(name=f"Import {number}")
            there = enphase.activations.get_activation(site.system_id)
            assert there.system_name == f"Import {number}"


@pytest.mark.parametrize(
    ("javascript", "phone"),
    [(True, False), (False, False), (True, True)],
    ids=["desktop", "no-script", "phone"],
)
def test_file_becomes_sites_and_its_errors_a_file(
    open_page, alice, halcyon, world, worker, javascript, phone
):
    page = open_page(alice, javascript=javascript, phone=phone)
    hand = Mouse(page)
    page.goto(reverse("activations:list"))
    if not phone:
        link(page, "Import").first.click()
    upload(hand, as_csv(ROWS))
    expect(page.get_by_text("Not imported: Dog's name.")).to_be_visible()
    expect(page.get_by_text("Like IMP-0001, IMP-0002")).to_be_visible()
    if javascript:
        assert_accessible(page)
    check(hand, "Checked: 2 new, 1 duplicate, 1 error.", javascript=javascript)
    expect(page.get_by_text("Expected microinverters: Enter a whole number.")).to_be_visible()
    if javascript:
        assert_accessible(page)
    assert not Operation.objects.exists()

    # The number has to be typed, because this costs money.
    hand.press(link(page, "See cost and start"))
    expect(page.get_by_text("About $4.00")).to_be_visible()
    hand.press(button(page, "Import activations"))
    expect(page.locator("#error-summary")).to_contain_text("Type the number")
    page.goto(reverse("imports:upload", args=[Upload.objects.get().pk]))
    start(hand, 2, javascript=javascript)
    expect(page.locator("#run-now")).to_have_text("2 of 2 done")
    assert_created_once(world, halcyon)

    # Back to the file, and its errors mended and uploaded.
    link(page, "october.csv, 4 rows").click()
    with page.expect_download() as download:
        link(page, "Rows with errors, CSV").click()
    content = download.value.path().read_bytes()
    header, rows = files.read(content, "errors.csv")
    assert header == [*HEADER, "What is wrong"]
    assert [one[0] for one in rows] == ["Import 4"]
    mended = content.decode("utf-8-sig").replace("many", "12")
    upload(hand, mended.encode())
    check(hand, "Checked: 1 new, 0 duplicates, 0 errors.", javascript=javascript)

    # The first file again would create nothing more.
    upload(hand, as_csv(ROWS))
    check(hand, "Checked: 0 new, 3 duplicates, 1 error.", javascript=javascript)
    assert world.creates == 2


def test_importing_with_the_keyboard_alone(open_page, alice, halcyon, world, worker):
    page = open_page(alice)
    hand = Keyboard(page)
    page.goto(reverse("imports:list"))
    field = page.get_by_label("CSV or XLSX")
    hand.reach(field)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(
        {"name": "october.csv", "mimeType": "text/csv", "buffer": as_csv([row(1), row(2)])}
    )
    hand.press(button(page, "Upload file"))
    hand.choose(page.get_by_label("Second line"), "Dog's name")
    expect(page.get_by_label("Second line")).to_have_value("9")
    page.keyboard.press("Home")
    expect(page.get_by_label("Second line")).to_have_value("")
    check(hand, "Checked: 2 new, 0 duplicates, 0 errors.")
    start(hand, 2)
    assert_created_once(world, halcyon)


def test_home_owners_get_access_to_their_site(open_page, alice, halcyon, world, worker):
    sync.sweep(halcyon)
    page = open_page(alice)
    page.goto(reverse("homeowners:list"))
    link(page, "Import").last.click()
    expect(page.get_by_label("Home owners", exact=False).first).to_be_checked()
    content = b"Mail,Forename,Surname,Reference\npat@example.com,Pat,Reyes,702\n"
    upload(Mouse(page), content, kind="Home owners")
    check(Mouse(page), "Checked: 1 new, 0 duplicates, 0 errors.")
    link(page, "See cost and start").click()
    assert_accessible(page)
    page.get_by_label("Reason").fill("Moved in")
    button(page, "Import home owners").click()
    flows.wait_for_text(page, "Finished", javascript=True)
    sent = [write["operation"] for write in world.writes() if write["executed"]]
    assert sent == ["create_home_owner", "grant_activation_access"]
    assert Run.objects.get().operations.filter(state=State.DONE).exists()


def test_progress_moves_by_itself_and_a_bad_file_keeps_the_choice(
    open_page, alice, halcyon, portal
):
    page = open_page(alice)
    page.goto(reverse("imports:list"))
    page.get_by_label("Home owners", exact=False).first.check()
    page.get_by_label("CSV or XLSX").set_input_files(
        {"name": "x.csv", "mimeType": "text/csv", "buffer": b"Name\n"}
    )
    button(page, "Upload file").click()
    expect(page.locator("#error-summary")).to_contain_text("no rows below them")
    expect(page.get_by_label("Home owners", exact=False).first).to_be_checked()
    assert_accessible(page)

    file = services.upload(
        halcyon, None, kind="activations", name="a.csv", content=as_csv(ROWS), actor=alice
    )
    Upload.objects.update(state=Upload.State.CHECKING, checked=1)
    page.goto(reverse("imports:upload", args=[file.pk]))
    expect(page.get_by_text("1 of 4 rows checked").first).to_be_visible()
    assert_accessible(page)
    services.check(file.pk)
    expect(page.get_by_text("Checked: 2 new, 1 duplicate, 1 error.")).to_be_attached()
    button(page, "Delete this file").click()
    expect(page.get_by_text("a.csv is deleted.")).to_be_visible()
    assert not Upload.objects.exists()
