"""Labels are read by the camera on the scan page; who has none types or pastes."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations.arrays.models import LayoutDraft
from activations.snapshots import services as snapshots
from tests.activations.sites import copy_of
from tests.browsers import assert_accessible
from tests.e2e.flows import button

pytestmark = pytest.mark.browser

# A camera that looks at one label: 12 digits as Interleaved 2 of 5, drawn again and again.
CAMERA = """
const WIDE = {0: "00110", 1: "10001", 2: "01001", 3: "11000", 4: "00101",
              5: "10100", 6: "01100", 7: "00011", 8: "10010", 9: "01010"};
function draw(canvas, digits) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  let marks = "0000";
  for (let at = 0; at < digits.length; at += 2) {
    for (let n = 0; n < 5; n++) marks += WIDE[digits[at]][n] + WIDE[digits[at + 1]][n];
  }
  marks += "100";
  let x = 60;
  [...marks].forEach((mark, at) => {
    const width = mark === "1" ? 9 : 3;
    if (at % 2 === 0) pen.fillRect(x, 80, width, 200);
    x += width;
  });
}
window.label = "LABEL";
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  setInterval(() => draw(canvas, window.label), 50);
  draw(canvas, window.label);
  return canvas.captureStream(20);
};
"""
NO_CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException("refused", "NotAllowedError");
};
"""


@pytest.fixture
def site(halcyon):
    site = copy_of(halcyon, 701)
    assert snapshots.read_all(site, [("arrays", ""), ("inverters", "")]) == ""
    return site


def test_labels_are_read_by_the_camera(open_page, alice, site):
    page = open_page(alice, phone=True, dark=True)
    page.add_init_script(CAMERA.replace("LABEL", "482399990001"))
    page.goto(reverse("arrays:scan", args=[site.pk]))
    button(page, "Use the camera").click()
    expect(page.locator("#camera-said")).to_have_text("482399990001 taken.")
    # The next label; the first one stays in the list once.
    page.evaluate("window.label = '482399990018'")
    expect(page.locator("#id_text")).to_have_value("482399990001\n482399990018\n")
    button(page, "Stop the camera").click()
    assert_accessible(page)
    button(page, "Add").click()
    expect(page.get_by_text("2 serials are on the list to place.")).to_be_visible()
    assert LayoutDraft.objects.get().scanned == ["482399990001", "482399990018"]
    assert_accessible(page)


def test_without_a_camera_serials_are_typed(open_page, alice, site):
    page = open_page(alice)
    page.add_init_script(NO_CAMERA)
    page.goto(reverse("arrays:scan", args=[site.pk]))
    button(page, "Use the camera").click()
    expect(page.locator("#camera-said")).to_contain_text("Type or paste instead.")
    page.locator("#id_text").fill("4823 9999 0001, 482399990018")
    button(page, "Add").click()
    expect(page.get_by_text("2 serials are on the list to place.")).to_be_visible()
    # Only this page may ask for the camera.
    allowed = page.request.get(reverse("arrays:scan", args=[site.pk])).headers
    denied = page.request.get(reverse("arrays:plan", args=[site.pk])).headers
    assert "camera=(self)" in allowed["permissions-policy"]
    assert "camera=()" in denied["permissions-policy"]
