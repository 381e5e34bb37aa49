"""The array builder in a browser: by mouse, by keyboard alone, on a phone without script."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations.arrays import drafts
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.browsers import assert_accessible
from tests.e2e.flows import button, link

pytestmark = pytest.mark.browser


@pytest.fixture
def site(halcyon):
    """Site 701: 24 microinverters, nothing drawn."""
    site = copy_of(halcyon, 701)
    assert snapshots.read_all(site, [("arrays", ""), ("inverters", "")]) == ""
    return site


@pytest.fixture
def micros(site):
    return snapshots.current(site, "arrays").record.inventory


def at_enphase(halcyon):
    with client_for(halcyon.pk) as client:
        return client.arrays.list_arrays(701)


def fill_in(page, label="South main", rows="2", columns="4"):
    form = page.locator("#add form")
    for name, value in [
        ("label", label),
        ("azimuth", "184"),
        ("tilt", "22"),
        ("rows", rows),
        ("columns", columns),
    ]:
        form.locator(f"[name={name}]").fill(value)
    return form


def send(page):
    link(page, "Review changes").click()
    button(page, "Save the roof plan").click()
    expect(page.get_by_text("The roof plan is saved at Enphase").first).to_be_visible()


def test_a_roof_is_drawn_filled_and_sent(open_page, alice, halcyon, site, micros, worker):
    page = open_page(alice)
    page.goto(reverse("arrays:plan", args=[site.pk]))
    fill_in(page)
    button(page.locator("#add form"), "Add array").click()
    expect(page.locator("a.m[id]")).to_have_count(8)
    page.locator("#m-n1-R1C1").click()
    expect(page.locator("#m-n1-R1C1")).to_have_attribute("aria-current", "true")
    button(page, r"Place( \d+)? and go").click()
    expect(page.locator("#m-n1-R1C2")).to_have_attribute("aria-current", "true")
    expect(page.locator("#m-n1-R1C1")).to_contain_text(micros[0][-4:])
    button(page, "Fill the rest in order").click()
    expect(page.get_by_text("7 serials from R1C2 to R2C1 of South main")).to_be_visible()
    button(page, "Fill them in").click()
    expect(page.locator("a.m[id][data-state=empty]")).to_have_count(0)
    assert_accessible(page)
    button(page, "Undo, Fill in").click()
    expect(page.locator("a.m[id][data-state=empty]")).to_have_count(7)
    button(page, "Redo").click()
    expect(page.locator("a.m[id][data-state=empty]")).to_have_count(0)
    send(page)
    assert Operation.objects.get().state == State.DONE
    [array] = at_enphase(halcyon).arrays
    assert (array.label, array.angle, array.tilt, len(array.modules)) == ("South main", 184, 22, 8)
    places = {module.serial_num: (module.left, module.top) for module in array.modules}
    # There on the upper row, and back on the lower one.
    assert [places[one] for one in micros[:8]] == [
        *((column * 100, 200) for column in range(4)),
        *((column * 100, 0) for column in reversed(range(4))),
    ]


def test_by_keyboard_alone(open_page, alice, halcyon, site, micros, worker):
    page = open_page(alice)
    page.goto(reverse("arrays:plan", args=[site.pk]))
    fill_in(page)
    page.locator("#add form [name=columns]").press("Enter")
    expect(page.locator("a.m[id]")).to_have_count(8)
    page.locator("#m-n1-R1C1").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#m-n1-R2C2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#m-n1-R2C2")).to_have_attribute("aria-current", "true")
    # The focus stays on the cell, though the plan around it is new.
    expect(page.locator("#m-n1-R2C2")).to_be_focused()
    page.locator("#typed").focus()
    page.keyboard.type(micros[5][-4:])
    page.locator("#place").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#m-n1-R2C2")).to_contain_text(micros[5][-4:])
    page.locator("#m-n1-R2C2").focus()
    page.keyboard.press("n")
    expect(page.locator("#m-n1-R2C3")).to_be_focused()
    page.locator("#m-n1-R2C2").focus()
    page.keyboard.press("Delete")
    expect(page.locator("#m-n1-R2C2")).to_contain_text("R2C2")
    page.locator("#undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#m-n1-R2C2")).to_contain_text(micros[5][-4:])
    send(page)
    [array] = at_enphase(halcyon).arrays
    assert [(m.serial_num, m.left, m.top) for m in array.modules] == [(micros[5], 100, 0)]


def test_on_a_phone_without_script(open_page, alice, halcyon, site, micros, worker):
    page = open_page(alice, phone=True, javascript=False)
    page.goto(reverse("arrays:plan", args=[site.pk]))
    fill_in(page, columns="12")
    button(page.locator("#add form"), "Add array").click()
    # A wide array scrolls in its frame; its cells stay as wide as a thumb.
    cell = page.locator(".roofscroll a.m").first
    assert cell.bounding_box()["width"] >= 44
    cell.click()
    button(page, r"Place( \d+)? and go").click()
    assert page.url.endswith("array=n1&cell=R1C2")
    page.locator("#typed").fill(micros[7])
    button(page, "Place only").click()
    expect(page.get_by_text("2 of 24 placed")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]
    link(page, "Review changes").click()
    button(page, "Save the roof plan").click()
    page.wait_for_url(re.compile(r"/operations/\d+/"))
    for _ in range(40):
        if page.get_by_text("The roof plan is saved at Enphase").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    assert sorted(m.serial_num for m in at_enphase(halcyon).arrays[0].modules) == [
        micros[0],
        micros[7],
    ]


def test_table_and_a_second_tab(open_page, alice, site, micros):
    page = open_page(alice)
    address = reverse("arrays:plan", args=[site.pk])
    page.goto(address)
    fill_in(page)
    button(page.locator("#add form"), "Add array").click()
    expect(page.locator("a.m[id]")).to_have_count(8)
    other = page.context.new_page()
    other.goto(f"{address}?array=n1&view=table")
    page.locator("#m-n1-R1C1").click()
    button(page, "Place only").click()
    expect(page.locator("#m-n1-R1C1")).to_contain_text(micros[0][-4:])
    other.locator("#cell-R1C2").fill(micros[9])
    button(other, "Take in the table").click()
    expect(other.locator("#error-summary")).to_contain_text("changed this plan meanwhile")
    expect(other.locator("#cell-R1C2")).to_have_value(micros[9])


def test_array_is_dragged_and_undone(open_page, alice, site):
    page = open_page(alice)
    page.goto(reverse("arrays:plan", args=[site.pk]))
    fill_in(page)
    button(page.locator("#add form"), "Add array").click()
    expect(page.locator("a.m[id]")).to_have_count(8)
    cell = page.locator("#m-n1-R1C1").bounding_box()
    tag = page.locator("#roof .arr__tag--on").bounding_box()
    start = tag["x"] + 20, tag["y"] + tag["height"] / 2
    page.mouse.move(*start)
    page.mouse.down()
    # Two modules to the right and one down, a little inexactly.
    across, down = cell["width"] * 50 / 46 * 2.1, cell["height"] * 76 / 72 * 0.9
    page.mouse.move(start[0] + across, start[1] + down, steps=4)
    page.mouse.up()
    expect(page.locator("[name=x]")).to_have_value("200")
    expect(page.locator("[name=y]")).to_have_value("-200")
    button(page, "Undo, Move South main").click()
    expect(page.locator("[name=x]")).to_have_value("0")


def test_keys_undo_and_a_pasted_list_goes_down_the_table(open_page, alice, site, micros):
    page = open_page(alice)
    page.goto(reverse("arrays:plan", args=[site.pk]))
    fill_in(page)
    button(page.locator("#add form"), "Add array").click()
    expect(page.locator("a.m[id]")).to_have_count(8)
    untouched = page.locator("#m-n1-R2C4").element_handle()
    page.locator("#m-n1-R1C1").click()
    expect(page.locator("#m-n1-R1C1")).to_have_attribute("aria-current", "true")
    button(page, "Place only").click()
    expect(page.locator("#announce")).to_have_text(f"Placed {micros[0][-4:]} at R1C1. 23 left.")
    # Only what changed was drawn anew.
    assert untouched.evaluate("(cell) => cell.isConnected")
    page.locator("#m-n1-R1C1").focus()
    page.keyboard.press("u")
    expect(page.locator("#m-n1-R1C1")).to_contain_text("R1C1")
    page.keyboard.press("Control+y")
    expect(page.locator("#m-n1-R1C1")).to_contain_text(micros[0][-4:])
    page.keyboard.press("Control+z")
    expect(page.locator("#m-n1-R1C1")).to_contain_text("R1C1")

    link(page, "Table").click()
    page.locator("#cell-R1C2").evaluate(
        """(field, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", text);
          const at = { clipboardData, bubbles: true, cancelable: true };
          field.dispatchEvent(new ClipboardEvent("paste", at));
        }""",
        "\n".join(micros[1:4]),
    )
    expect(page.locator("#cell-R1C4")).to_have_value(micros[3])
    expect(page.locator("#announce")).to_have_text("3 serials entered.")
    button(page, "Take in the table").click()
    expect(page.get_by_text("3 of 8 placed")).to_be_visible()
    assert_accessible(page)


def test_a_step_shows_at_once_and_a_refused_one_is_put_back(open_page, alice, site, micros):
    page = open_page(alice)
    page.goto(reverse("arrays:plan", args=[site.pk]))
    fill_in(page)
    button(page.locator("#add form"), "Add array").click()
    expect(page.locator("a.m[id]")).to_have_count(8)
    page.locator("#m-n1-R1C1").click()
    expect(button(page, f"Place {micros[0][-4:]} and go to R1C2").first).to_be_visible()
    # Seen before any answer, and a second press waits for it.
    shown = page.evaluate(
        """() => {
          const press = () => document.getElementById("place-next").click();
          press();
          press();
          return document.querySelector("#m-n1-R1C1 .m__t").textContent;
        }"""
    )
    assert shown == micros[0][-4:]
    expect(page.locator("#m-n1-R1C2")).to_contain_text(micros[1][-4:])
    expect(page.locator("#m-n1-R1C3")).to_have_attribute("aria-current", "true")
    expect(page.locator("#announce")).to_have_text(f"Placed {micros[1][-4:]} at R1C2. 22 left.")
    assert drafts.load(site).plan.get("n1").cells == {"R1C1": micros[0], "R1C2": micros[1]}

    # The same serial again is refused: the cell is as it was, and a sentence says why.
    page.locator("#typed").fill(micros[0])
    button(page, "Place only").click()
    expect(page.locator("#error-summary")).to_contain_text("is in South main R1C1 already")
    expect(page.locator("#m-n1-R1C3")).to_contain_text("R1C3")
    expect(page.locator("#typed")).to_have_value(micros[0])


def test_a_map_goes_out_and_in_and_every_page_is_accessible(open_page, alice, site, micros):
    page = open_page(alice)
    address = reverse("arrays:plan", args=[site.pk])
    page.goto(address)
    fill_in(page, label="South main over the long workshop and the garage")
    button(page.locator("#add form"), "Add array").click()
    expect(page.locator("a.m[id]")).to_have_count(8)
    with page.expect_download() as download:
        link(page, "Download the map as CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 9
    text = text.replace(",1,1,,", f",1,1,{micros[3]},")

    page.goto(reverse("arrays:import", args=[site.pk]))
    page.locator("[name=text]").fill(text)
    page.locator("button[value=check]").click()
    for dark in (False, True):
        page.emulate_media(color_scheme="dark" if dark else "light")
        assert_accessible(page)
    page.locator("button[value=take]").click()
    expect(page.get_by_text("1 of 8 placed")).to_be_visible()
    assert drafts.load(site).plan.get("n1").cells == {"R1C1": micros[3]}
    for name, more in (
        ("plan", []),
        ("review", []),
        ("array", ["n1"]),
        ("array-delete", ["n1"]),
        ("scan", []),
        ("import", []),
    ):
        page.goto(reverse(f"arrays:{name}", args=[site.pk, *more]))
        for dark in (False, True):
            page.emulate_media(color_scheme="dark" if dark else "light")
            assert_accessible(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], name
