"""What the builder's pages show: the plan, the lists beside it, and what is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from activations.arrays import actions, drafts, inventory
from activations.arrays.drafts import KINDS, Board
from activations.arrays.forms import PositionForm, ShapeForm, initial_of, initial_of_next
from activations.arrays.inventory import Elsewhere, Inventory, Serial
from activations.arrays.layout import (
    Plan,
    RoofArray,
    Spot,
    cell_name,
    open_points,
    place_of,
    spaced,
)
from activations.models import Activation
from activations.snapshots.sheets import Sheet, sheet
from activations.views.sites import may_change, site_context
from portal.operations.models import Operation
from portal.ui.http import PortalRequest

# Serials to place that a page lists; the others are typed or scanned.
MOST_LISTED = 120
VIEWS = ("plan", "table")
LISTS = ("toplace", "placed", "missing")
Notice = dict[str, str]


@dataclass(frozen=True)
class Choice:
    """What a person has chosen: in the address of the page, and in every form of it."""

    array: str = ""
    cell: str = ""
    view: str = "plan"
    list: str = "toplace"
    # "array" draws the chosen array alone, so that its cells are large.
    zoom: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Choice":
        view, lists = given.get("view", ""), given.get("list", "")
        return cls(
            array=str(given.get("array", ""))[:40],
            cell=str(given.get("cell", ""))[:16],
            view=view if view in VIEWS else "plan",
            list=lists if lists in LISTS else "toplace",
            zoom="array" if given.get("zoom") == "array" else "",
        )

    def at(self, spot: Spot) -> "Choice":
        return replace(self, array=spot.array.ref, cell=spot.cell)

    @property
    def query(self) -> str:
        """Only what differs from a bare address."""
        bare = Choice()
        return urlencode(
            {
                name: value
                for name, value in vars(self).items()
                if value != getattr(bare, name) and (name != "cell" or self.array)
            }
        )

    def url(self, activation: Activation) -> str:
        address = reverse("arrays:plan", args=[activation.pk])
        return f"{address}?{self.query}" if self.query else address


@dataclass(frozen=True)
class Shown:
    """What the page that asks has drawn already, so that an answer may leave it out."""

    plan: Plan
    array: str
    # The first serials to be placed, by number; what differs from them is sent anew.
    rows: Mapping[str, Serial]

    def changed(self, plan: Plan) -> dict[str, list[str]] | None:
        """Cells of `plan` that look otherwise than drawn, by array; None: too much to tell."""
        if self.plan is plan:
            return {}
        if self.plan.duplicates or plan.duplicates or len(self.plan.arrays) != len(plan.arrays):
            return None
        found: dict[str, list[str]] = {}
        for old, new in zip(self.plan.arrays, plan.arrays, strict=True):
            if replace(old, cells={}) != replace(new, cells={}):
                return None
            cells = old.cells.keys() | new.cells.keys()
            found[new.ref] = [at for at in cells if old.cells.get(at) != new.cells.get(at)]
        return found


@dataclass
class Desk:
    """One request at the builder: our copies, the plan, and what is to be said about it."""

    request: PortalRequest
    activation: Activation
    choice: Choice
    sheet: Sheet
    board: Board
    notices: list[Notice] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    cell_errors: dict[str, str] = field(default_factory=dict)
    preview: dict[str, Any] | None = None
    may_move: dict[str, Any] | None = None
    bound: dict[str, Any] = field(default_factory=dict)
    _inventory: tuple[Board, Inventory] | None = None

    @property
    def array(self) -> RoofArray | None:
        """The chosen array; the first one when none is."""
        plan = self.board.plan
        return plan.get(self.choice.array) or (plan.arrays[0] if plan.arrays else None)

    @property
    def cell(self) -> str:
        array, place = self.array, place_of(self.choice.cell)
        if array is None or place is None or array.ref != self.choice.array:
            return ""
        name = cell_name(*place)
        return name if array.has(name) else ""

    def say(self, text: str, tone: str = "info", url: str = "", link: str = "") -> None:
        self.notices.append({"tone": tone, "text": text, "url": url, "link": link})

    def warn_elsewhere(self, serials: list[str]) -> None:
        """Name serials that lie on another site of the company, with a link to it."""
        known = self.take_inventory().by_number
        found = [
            (one, other) for one in serials if one in known and (other := known[one].elsewhere)
        ]
        for serial, other in found[:5]:
            self.notices.append(elsewhere_notice(serial, other))
        if len(found) > 5:
            self.say(f"{len(found) - 5} more are placed on other sites.", "warn")

    def take_inventory(self) -> Inventory:
        """Worked out once for each state of the plan: it is as long as the site is large."""
        if self._inventory is None or self._inventory[0] is not self.board:
            self._inventory = (self.board, self._inventory_of_board())
        return self._inventory[1]

    @property
    def listed(self) -> set[str]:
        """Serials that Enphase names on this site."""
        copies = self.sheet.copies
        return inventory.listed(copies.get(("arrays", "")), copies.get(("inverters", "")))

    def _inventory_of_board(self) -> Inventory:
        copies = self.sheet.copies
        plan, row = self.board.plan, self.board.row
        listed = inventory.take(
            plan, copies.get(("arrays", "")), copies.get(("inverters", "")), row.scanned
        )
        new = plan.serials - self.board.base.serials
        asked = [*new, *listed.to_place]
        elsewhere = inventory.find_elsewhere(self.request.user, self.activation, asked)
        return listed.with_elsewhere(elsewhere) if elsewhere else listed


def token(desk: Desk, choice: Choice) -> str:
    """Names what a page shows; it sends this back as X-Drawn. "" for what is always sent whole."""
    if choice.view != "plan" or desk.preview is not None:
        return ""
    copies = (desk.sheet.copies.get((kind, "")) for kind in ("arrays", "inverters"))
    ages = (f"{copy.fetched_at:%s}" if copy and copy.fetched_at else "" for copy in copies)
    return "/".join([str(desk.board.row.revision), *ages, choice.list, choice.zoom, choice.array])


def shown(desk: Desk) -> Shown | None:
    """What the page has drawn, if it is what we would have drawn until now."""
    given = desk.request.headers.get("X-Drawn", "")
    array = given.rpartition("/")[2]
    drawn = replace(desk.choice, array=array)
    if not given or not desk.request.htmx or given != token(desk, drawn):
        return None
    if desk.board.plan.get(array) is None or (drawn.zoom and array != desk.choice.array):
        return None
    listed = desk.take_inventory().lists["toplace"][:MOST_LISTED]
    return Shown(desk.board.plan, array, {one.number: one for one in listed})


def elsewhere_notice(serial: str, other: Elsewhere) -> Notice:
    where = f"in the draft of {other.site_name}" if other.is_draft else f"on {other.site_name}"
    return {
        "tone": "warn",
        "text": f"{spaced(serial)} is placed {where} too.",
        "url": reverse("arrays:plan", args=[other.site_id]),
        "link": f"Open {other.site_name}",
    }


def sit_down(request: PortalRequest, activation: Activation, choice: Choice) -> Desk:
    """Our copies and the plan; causes no hit."""
    found = sheet(request, activation, [("arrays", ""), ("inverters", "")])
    board = drafts.load(activation, found.copies.get(("arrays", "")))
    # Once there is a plan, somebody may be drawing: a newer copy must not replace the page.
    found.editing = board.is_known
    return Desk(request, activation, choice, found, board)


def gateways_of(activation: Activation, plan: Plan) -> list[tuple[str, str]]:
    """Gateways of the site, and those that its arrays name."""
    listed: Any = activation.detail.get("envoy_serial_numbers")
    serials = [str(one) for one in listed] if isinstance(listed, list) else []
    serials += [array.gateway for array in plan.arrays if array.gateway]
    return [(serial, spaced(serial)) for serial in dict.fromkeys(serials)]


def context(desk: Desk, *, framed: bool = True, **more: Any) -> dict[str, Any]:
    """What every template of templates/arrays/ gets: see views.py.

    Not `framed`: what stands around the builder (head and tabs of the site) is not sent anew.
    """
    request, activation, board = desk.request, desk.activation, desk.board
    plan, array, cell = board.plan, desk.array, desk.cell
    listed = desk.take_inventory()
    # Payloads hold whole plans; a page needs none. Several arrays may be deleted at once.
    recent = list(
        Operation.objects.for_user(request.user)
        .filter(activation=activation, kind__in=KINDS)
        .defer("payload", "before", "after", "raw_error")
        .order_by("-pk")[:20]
    )
    running = next((one for one in recent if one.is_open), None)
    gateways = gateways_of(activation, plan)
    reason = drafts.why_not(activation, board)
    following = actions.next_empty(plan, array.ref, cell) if array is not None else None
    allowed = may_change(request, activation)
    choice = replace(desk.choice, array=array.ref if array else "", cell=cell)
    around = {"activation": activation, "may_change": allowed}
    if framed:
        around = site_context(request, activation, "arrays")
    return {
        **around,
        "heading": "Arrays",
        "sheet": desk.sheet,
        "known": board.is_known,
        "plan": plan,
        "draft": board.row if board.row.is_open else None,
        "revision": board.row.revision,
        "changes": board.changes,
        "undo": board.row.undo,
        "redo": board.row.redo,
        "selected_array": array,
        "selected_cell": cell,
        "selected_serial": array.cells.get(cell, "") if array else "",
        "next_cell": following.cell if following and array and following.array is array else "",
        "next_spot": following,
        "view": choice.view,
        "list": choice.list,
        "zoom": choice.zoom,
        "lists": listed.lists,
        "by_number": listed.by_number,
        "rows": listed.lists["toplace"][:MOST_LISTED],
        "more_rows": max(0, len(listed.lists["toplace"]) - MOST_LISTED),
        "drawn": token(desk, choice),
        "counts": {
            "cells": plan.size,
            "placed": plan.placed,
            "empty": plan.size - plan.placed,
            "toplace": len(listed.lists["toplace"]),
            "missing": len(listed.lists["missing"]) if listed.is_detection_known else None,
            "duplicates": len(plan.duplicates),
        },
        "gateways": gateways,
        "notices": desk.notices,
        "points": open_points(plan),
        "outdated": board.outdated,
        "running": running,
        "last": next((one for one in recent if one.is_settled), None),
        "why_not": reason if allowed else "",
        "may_edit": allowed and not reason and running is None,
        "act_url": reverse("arrays:act", args=[activation.pk]),
        "here": choice.query,
        "preview": desk.preview,
        "typed": desk.typed,
        "errors": desk.errors,
        "cell_errors": desk.cell_errors,
        "may_move": desk.may_move,
        "forms": {
            "add": desk.bound.get("add") or _add_form(plan, gateways),
            "array": desk.bound.get("array") or _array_form(array, gateways),
            "position": desk.bound.get("position") or _position_form(array),
        },
        **more,
    }


def _add_form(plan: Plan, gateways: list[tuple[str, str]]) -> ShapeForm:
    return ShapeForm(initial=initial_of_next(plan, gateways), gateways=gateways, auto_id="add-%s")


def _array_form(array: RoofArray | None, gateways: list[tuple[str, str]]) -> ShapeForm | None:
    if array is None:
        return None
    return ShapeForm(initial=initial_of(array), gateways=gateways, array=array, auto_id="array-%s")


def _position_form(array: RoofArray | None) -> PositionForm | None:
    if array is None:
        return None
    return PositionForm(initial={"x": array.left, "y": array.top}, auto_id="position-%s")
