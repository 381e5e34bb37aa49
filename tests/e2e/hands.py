"""How a person uses a page: with a mouse, or with nothing but the keyboard.

Both hands do the same things, so that one flow is written once and walked both ways.
"""

from typing import Any

from playwright.sync_api import Locator, Page, expect

# More stops than any page has; a page that needs more has lost the focus.
MAX_STOPS = 160

# What must be true of the focus wherever it stops.
VISIBLE = ("ringed", "inside", "uncovered")
# What the keyboard stands on, and whether a person can see that it does.
STOP = """(target) => {
  const at = document.activeElement;
  const name = at.outerHTML.slice(0, 120);
  if (!at || at === document.body) return {lost: true, name: "body"};
  // The main part takes the focus after a jump to it, and is as tall as the page.
  if (at.matches("main")) return {name, ringed: true, inside: true, uncovered: true};
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  // Choice cards, check boxes and rows of tasks may show the ring on what surrounds the control.
  const around = at.closest("label, .affix, .choice, .task");
  const ring = (s) => s && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0
    || s.boxShadow !== "none");
  // The button inside a date or time field has the focus and its own ring, which no script sees.
  const inside = at.matches("input[type=date], input[type=time]") && !at.matches(":focus");
  const ringed = inside || ring(style) || (around && ring(getComputedStyle(around)));
  const spots = [[.5, .5], [.1, .2], [.9, .2], [.1, .8], [.9, .8]].map(([x, y]) =>
    document.elementFromPoint(box.left + box.width * x, box.top + box.height * y));
  const uncovered = spots.some((e) => e && (at.contains(e) || e.contains(at) && e !== document.body
    && e !== document.documentElement));
  return {
    name, here: at === target, ringed,
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight
      && box.right > 0 && box.left < innerWidth,
    uncovered,
  };
}"""


class Mouse:
    """Clicks and types. Works with script and without."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, control: Locator) -> None:
        control.click()

    def press_twice(self, button: Locator) -> None:
        button.dblclick()

    def type(self, field: Locator, text: str) -> None:
        field.fill(text)

    def choose(self, field: Locator, label: str) -> None:
        field.select_option(label=label)

    def tick(self, box: Locator) -> None:
        box.check()


class Keyboard(Mouse):
    """Tab, Enter, Space and typing; never the mouse.

    At every stop on the way the focus must be on something, drawn with a ring, inside the window
    and not wholly behind a bar.
    """

    def press(self, control: Locator) -> None:
        self.reach(control)
        self.page.keyboard.press("Enter")

    def press_twice(self, button: Locator) -> None:
        """Two presses of Enter as fast as they come; the second may fall on the next page."""
        self.reach(button)
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Enter")

    def type(self, field: Locator, text: str) -> None:
        self.reach(field)
        # What stood there is selected by tabbing into it, except in a text area.
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        expect(field).to_have_value(text)

    def choose(self, field: Locator, label: str) -> None:
        wanted = field.evaluate(
            "(e, label) => [...e.options].find((o) => o.label.trim() === label).value", label
        )
        self.reach(field)
        for _ in range(80):
            if field.input_value() == wanted:
                break
            # Each step may redraw the form; the focus must come back to the new field.
            self.page.keyboard.press("ArrowDown")
            self.settle()
            expect(field).to_be_focused()
        expect(field).to_have_value(wanted)

    def tick(self, box: Locator) -> None:
        self.reach(box)
        if not box.is_checked():
            self.page.keyboard.press("Space")
        expect(box).to_be_checked()
        self.settle()

    def settle(self) -> None:
        """Until no part of the page is being asked for; what had the focus still has one."""
        expect(self.page.locator(".htmx-request, .htmx-swapping")).to_have_count(0)
        self.assert_kept()

    def assert_kept(self) -> None:
        """The focus is on something that a person sees."""
        stop = self.page.evaluate(STOP, None)
        assert not stop.get("lost"), "The focus was lost: it is on nothing."

    def reach(self, control: Locator) -> None:
        """Tab until the control has the focus."""
        expect(control).to_be_visible()
        passed: list[str] = []
        lost = 0
        for _ in range(MAX_STOPS):
            stop = self._stop(control)
            if stop.get("here"):
                return
            if stop.get("lost"):
                # Once from the last control around to the first; before the first, nothing has it.
                lost += 1
                assert lost <= 2, f"Tab does not reach {control}; it stopped at {passed}"
            passed.append(stop["name"])
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {control}; it stopped at {passed}")

    def _stop(self, control: Locator) -> dict[str, Any]:
        """Where the keyboard is. Scrolling there may take the browser a moment."""
        for _ in range(20):
            stop: dict[str, Any] = self.page.evaluate(STOP, control.element_handle())
            if stop.get("lost") or all(stop[what] for what in VISIBLE):
                return stop
            self.page.wait_for_timeout(50)
        missing = [what for what in VISIBLE if not stop[what]]
        raise AssertionError(f"{self.page.url}: {stop['name']} has the focus, not {missing}")
