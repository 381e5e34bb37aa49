"""What a person does at the builder, one function for each `action` of a form."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from activations.arrays import actions, builder, drafts
from activations.arrays import serials as numbers
from activations.arrays.builder import Desk
from activations.arrays.csvmap import Outcome
from activations.arrays.forms import PositionForm, ShapeForm
from activations.arrays.layout import Plan, Spot, spaced
from portal.ui.errors import Refused

Turn = Callable[[Desk], None]


class Unfit(Refused):
    """A form has errors; they stand at its fields."""

    def __init__(self) -> None:
        super().__init__("Check the fields that are marked.")


def take(desk: Desk, action: str) -> None:
    """Do what was asked for; raises Refused (and kinds of it) with nothing changed."""
    turn = TURNS.get(action)
    if turn is None:
        raise Refused("This page is older than Ridgeline. Reload it, then try again.")
    turn(desk)


def _draw(desk: Desk, act: Callable[[Plan], Plan], text: str) -> None:
    desk.board = drafts.draw(
        desk.board, act, text, actor=desk.request.user, revision=_revision(desk)
    )


def _revision(desk: Desk) -> int:
    given = desk.request.POST.get("revision", "")
    return int(given) if given.isdecimal() and len(given) < 10 else -1


def _posted(desk: Desk, name: str) -> str:
    return str(desk.request.POST.get(name, ""))


# ------------------------------------------------------------------ arrays


def _add(desk: Desk) -> None:
    form = _shape_form(desk, "add")
    _bound(desk, "add", form, lambda plan: actions.add(plan, form.shape()), "Add {label}")
    desk.choice = replace(desk.choice, array=desk.board.plan.arrays[-1].ref, cell="")


def _change(desk: Desk) -> None:
    ref = desk.choice.array
    form = _shape_form(desk, "array")
    _bound(
        desk, "array", form, lambda plan: actions.change(plan, ref, form.shape()), "Change {label}"
    )


def _shape_form(desk: Desk, name: str) -> ShapeForm:
    plan = desk.board.plan
    return ShapeForm(
        desk.request.POST,
        gateways=builder.gateways_of(desk.activation, plan),
        array=desk.array if name == "array" else None,
        auto_id=f"{name}-%s",
    )


def _bound(desk: Desk, name: str, form: ShapeForm, act: Callable[[Plan], Plan], text: str) -> None:
    """Draw with a form; what it or the plan refuses stays in it with what was typed."""
    desk.bound[name] = form
    if not form.is_valid():
        raise Unfit
    _draw(desk, act, text.format(label=form.cleaned_data["label"]))
    del desk.bound[name]


def _move(desk: Desk) -> None:
    ref, step = desk.choice.array, _posted(desk, "step")
    label = actions.find_array(desk.board.plan, ref).label
    if step:
        _draw(desk, lambda plan: actions.move(plan, ref, step), f"Move {label}")
        return
    form = PositionForm(desk.request.POST, auto_id="position-%s")
    desk.bound["position"] = form
    if not form.is_valid():
        raise Unfit
    x, y = form.cleaned_data["x"], form.cleaned_data["y"]
    _draw(desk, lambda plan: actions.move_to(plan, ref, x, y), f"Move {label}")
    del desk.bound["position"]


def _duplicate(desk: Desk) -> None:
    ref = desk.choice.array
    label = actions.find_array(desk.board.plan, ref).label
    _draw(desk, lambda plan: actions.duplicate(plan, ref), f"Duplicate {label}")
    desk.choice = replace(desk.choice, array=desk.board.plan.arrays[-1].ref, cell="")


def _delete(desk: Desk) -> None:
    ref = desk.choice.array
    label = actions.find_array(desk.board.plan, ref).label
    _draw(desk, lambda plan: actions.delete(plan, ref), f"Delete {label}")
    desk.choice = replace(desk.choice, array="", cell="")


# ------------------------------------------------------------------ serials


def _place(desk: Desk, *, go_on: bool) -> None:
    ref, cell = desk.choice.array, desk.choice.cell
    typed = _posted(desk, "typed").strip() or _posted(desk, "serial").strip()
    if not typed:
        raise Refused("Choose a serial number, or type one.")
    listed = desk.listed
    serial = typed if typed in listed else numbers.one(typed) or _meant(desk, typed) or typed
    moving = _posted(desk, "move") == "1"
    _draw(
        desk,
        lambda plan: actions.place(plan, ref, cell, serial, moving=moving, listed=listed),
        f"Place {serial[-4:]}",
    )
    desk.warn_elsewhere([serial])
    _warn_unknown(desk, [serial])
    if go_on:
        following = actions.next_empty(desk.board.plan, ref, desk.cell)
        if following is not None:
            desk.choice = desk.choice.at(following)
        else:
            desk.say("Every cell has its serial.", "ok")


def _meant(desk: Desk, typed: str) -> str:
    """The one serial to be placed that ends with these digits; "" for none, or for several."""
    digits = "".join(typed.split())
    if not 3 <= len(digits) < 12 or not digits.isdecimal():
        return ""
    fitting = [one for one in desk.take_inventory().to_place if one.endswith(digits)]
    return fitting[0] if len(fitting) == 1 else ""


def _warn_unknown(desk: Desk, serials: list[str]) -> None:
    """Name what neither Enphase nor a gateway knows; it may be sent once it was detected."""
    known = desk.take_inventory()
    unknown = [
        serial
        for serial in serials
        if (one := known.by_number.get(serial)) is None or not one.is_known_to_enphase
    ]
    if not unknown:
        return
    names = ", ".join(spaced(serial) for serial in unknown[:5])
    more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
    desk.say(
        f"Not detected on this site yet: {names}{more}. Enphase refuses it until a gateway has.",
        "warn",
    )


def _clear(desk: Desk) -> None:
    ref, cell = desk.choice.array, desk.choice.cell
    array, name = actions.find_cell(desk.board.plan, ref, cell)
    _draw(desk, lambda plan: actions.clear(plan, ref, cell), f"Clear {array.label} {name}")


def _fill_preview(desk: Desk) -> None:
    ref, cell = desk.choice.array, desk.choice.cell
    if why := drafts.why_not(desk.activation, desk.board):
        raise Refused(why)
    places = actions.fill_places(desk.board.plan, ref, cell, desk.take_inventory().to_place)
    array, name = actions.find_cell(desk.board.plan, ref, cell)
    first, last = next(iter(places)), list(places)[-1]
    many = "1 serial" if len(places) == 1 else f"{len(places)} serials"
    span = f"in {first}" if first == last else f"from {first} to {last}"
    desk.preview = {
        "array": array.ref,
        "cell": name,
        "places": places,
        "text": f"{many} {span} of {array.label}, back and forth.",
    }


def _fill(desk: Desk) -> None:
    ref, cell = desk.choice.array, desk.choice.cell
    rest = desk.take_inventory().to_place
    count = len(actions.fill_places(desk.board.plan, ref, cell, rest))
    many = "1 serial" if count == 1 else f"{count} serials"
    before = desk.board.plan.serials
    _draw(desk, lambda plan: actions.fill(plan, ref, cell, rest), f"Fill in {many}")
    desk.warn_elsewhere(sorted(desk.board.plan.serials - before))
    desk.say(f"{many} placed.", "ok")


def _paste(desk: Desk) -> None:
    ref, cell = desk.choice.array, desk.choice.cell or "R1C1"
    text = _posted(desk, "text")
    pasted = actions.paste(desk.board.plan, ref, cell, text)
    many = "1 serial" if len(pasted.placed) == 1 else f"{len(pasted.placed)} serials"
    _draw(desk, lambda plan: actions.paste(plan, ref, cell, text).plan, f"Paste {many}")
    if pasted.left:
        drafts.scan(desk.activation, pasted.left)
        desk.board = drafts.load(desk.activation, desk.board.copy)
    desk.say(f"{many} placed.", "ok")
    for sentence in pasted.said:
        desk.say(sentence, "warn")
    if pasted.left:
        desk.say("What found no cell is on the list of serials to place.")
    desk.warn_elsewhere(pasted.placed)
    _warn_unknown(desk, pasted.placed)


def _table(desk: Desk) -> None:
    ref = desk.choice.array
    array = actions.find_array(desk.board.plan, ref)
    post = desk.request.POST
    entries = {name: str(post[f"cell-{name}"]) for name in array.names() if f"cell-{name}" in post}
    before = desk.board.plan.serials
    listed = desk.listed
    _draw(
        desk, lambda plan: actions.table(plan, ref, entries, listed=listed), f"Enter {array.label}"
    )
    come = sorted(desk.board.plan.serials - before)
    desk.warn_elsewhere(come)
    _warn_unknown(desk, come)


def _scan(desk: Desk) -> None:
    parsed = numbers.parse(_posted(desk, "text"))
    said = actions.unread_sentences(parsed)
    if not parsed.serials:
        raise Refused(" ".join(said) or "No serial number in this text. Each has 12 digits.")
    spots = desk.board.plan.spots()
    placed: dict[str, Spot] = {one: spots[one] for one in parsed.serials if one in spots}
    waiting = set(desk.board.row.scanned)
    new = drafts.scan(desk.activation, [one for one in parsed.serials if one not in placed])
    desk.board = drafts.load(desk.activation, desk.board.copy)
    if new:
        many = "1 serial is" if len(new) == 1 else f"{len(new)} serials are"
        desk.say(f"{many} on the list to place.", "ok")
    for serial, spot in placed.items():
        desk.say(f"{spaced(serial)} is in {spot} already.", "warn")
    for serial in parsed.serials:
        if serial in waiting and serial not in placed:
            desk.say(f"{spaced(serial)} is on the list already.", "warn")
    for sentence in said:
        desk.say(sentence, "warn")
    desk.warn_elsewhere(new)


def _unscan(desk: Desk) -> None:
    drafts.unscan(desk.activation, _posted(desk, "serial"))
    desk.board = drafts.load(desk.activation, desk.board.copy)


# ------------------------------------------------------------------ the draft


def _step(desk: Desk, step: Any) -> None:
    desk.board = step(desk.board, actor=desk.request.user, revision=_revision(desk))


def _discard(desk: Desk) -> None:
    desk.board = drafts.discard(desk.board, revision=_revision(desk))
    desk.say("The unsaved changes are discarded.", "ok")


def import_map(desk: Desk, outcome: Outcome) -> None:
    """Take in a CSV file that was tried and found right, as one step."""
    wanted = outcome.plan
    assert wanted is not None
    _draw(desk, lambda _plan: wanted, "Import a map")
    desk.say("The map is taken in. Nothing is sent before you review it.", "ok")


TURNS: dict[str, Turn] = {
    "add": _add,
    "change": _change,
    "move": _move,
    "duplicate": _duplicate,
    "delete": _delete,
    "place": partial(_place, go_on=False),
    "place_next": partial(_place, go_on=True),
    "clear": _clear,
    "fill_preview": _fill_preview,
    "fill": _fill,
    "paste": _paste,
    "table": _table,
    "scan": _scan,
    "unscan": _unscan,
    "undo": partial(_step, step=drafts.undo),
    "redo": partial(_step, step=drafts.redo),
    "discard": _discard,
    "rebase": partial(_step, step=drafts.rebase),
}
