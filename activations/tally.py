"""Maintained counters: the list shows how many sites there are without counting them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Expression, Q

from activations.models import Activation, Mirror
from companies.models import Company

STAGE_NUMBERS = (1, 2, 3, 4, 5)
OPEN_STAGES = (1, 2, 3, 4)
# What is counted of each stage, and the position of it in a view's numbers.
COLUMNS = {"attention": 1, "pto": 2}

# For each stage its numbers: all, needs attention, waits for PTO.
Board = list[list[int]]


@transaction.atomic
def refresh(company: Company) -> bool:
    """Count the company's sites again and write the counters if they moved; True if they did.

    Counting takes a walk through one company's index; it happens after changes, never on a page.
    """
    Mirror.objects.get_or_create(company=company)
    # One at a time, or an older count could be written last.
    mirror = Mirror.objects.select_for_update().get(company=company)
    tally, facets = json.dumps(_count(company)), json.dumps(_facets(company))
    if (mirror.tally, mirror.facets) == (tally, facets):
        return False
    Mirror.objects.filter(pk=mirror.pk).update(tally=tally, facets=facets)
    return True


def _count(company: Company) -> dict[str, Board]:
    rows = (
        Activation.objects.filter(company=company, gone_at=None)
        .order_by()
        .values("branch_id", "stage")
        .annotate(
            all=Count("pk"),
            attention=Count("pk", filter=Q(needs_attention=True)),
            pto=Count("pk", filter=Q(waits_for_pto=True)),
        )
        .values_list("branch_id", "stage", "all", "attention", "pto")
    )
    boards: dict[str, Board] = {"": _zeros()}
    for branch, stage, *numbers in sorted(rows, key=lambda row: (row[0] or 0, row[1])):
        if stage not in STAGE_NUMBERS:
            continue
        for key in [""] if branch is None else ["", str(branch)]:
            _add(boards.setdefault(key, _zeros())[stage - 1], numbers)
    return boards


def _facets(company: Company) -> dict[str, list[str]]:
    """Which statuses, countries, states and types there are."""
    present = Activation.objects.filter(company=company, gone_at=None).order_by()
    columns = {
        "status": "status_key",
        "country": "country",
        "state": "state",
        "type": "system_type",
    }
    return {
        name: sorted(present.exclude(**{column: ""}).values_list(column, flat=True).distinct())[
            :200
        ]
        for name, column in columns.items()
    }


def _zeros() -> Board:
    return [[0, 0, 0] for _ in STAGE_NUMBERS]


def _add(to: list[int], numbers: list[int]) -> None:
    for position, number in enumerate(numbers):
        to[position] += number


@dataclass(frozen=True)
class BranchFigures:
    """The sites of one branch, or of the company itself (`branch` None), counted."""

    branch: Company | None
    total: int
    open: int
    attention: int
    pto: int

    @property
    def complete(self) -> int:
        return self.total - self.open


def branch_figures(company: Company) -> list[BranchFigures]:
    """Counters for the company without its branches, then for each branch. Two queries."""
    mirror = Mirror.objects.filter(company=company).only("tally").first()
    boards = json.loads(mirror.tally or "{}") if mirror else {}
    branches = list(company.branches.all())
    found = [_figures(branch, boards.get(str(branch.pk), _zeros())) for branch in branches]
    whole = _figures(None, boards.get("", _zeros()))
    own = BranchFigures(
        None,
        *(
            getattr(whole, name) - sum(getattr(one, name) for one in found)
            for name in ("total", "open", "attention", "pto")
        ),
    )
    return [own, *found]


def _figures(branch: Company | None, board: Board) -> BranchFigures:
    return BranchFigures(
        branch,
        total=sum(numbers[0] for numbers in board),
        open=sum(board[stage - 1][0] for stage in OPEN_STAGES),
        attention=sum(numbers[COLUMNS["attention"]] for numbers in board),
        pto=sum(numbers[COLUMNS["pto"]] for numbers in board),
    )


@dataclass
class Counters:
    """What the list page knows without counting, from one query.

    `synced_at` is when the list was last read completely, `matches` what the probe of a search
    found.
    """

    board: Board
    synced_at: datetime | None = None
    pages: int = 1
    wanted_at: datetime | None = None
    problem: str = ""
    # JSON text, as in Mirror.facets.
    facets: str = ""
    matches: Any = None
    # Was there a row to carry the probe? Not before a company's first site.
    is_probed: bool = False

    def count(self, view: str, stages: Any = ()) -> int:
        """How many sites a view shows, in all its stages or in some."""
        column = COLUMNS.get(view, 0)
        wanted = set(stages) or set(STAGE_NUMBERS)
        if view == "open":
            wanted &= set(OPEN_STAGES)
        return sum(self.board[stage - 1][column] for stage in wanted)


def read(user: Any, company: Company | None, probe: Expression | None = None) -> Counters:
    """The counters of what a person sees in a company, or everywhere. One query.

    `probe` is an expression that the query computes along the way (activations.search).
    """
    names = ["tally"]
    if company is None:
        mirrors = Mirror.objects.for_user(user)
    else:
        # The same rule, asked of the memberships at hand instead of the database.
        visible = user.role_in(company.pk) is not None
        mirrors = Mirror.objects.filter(company=company) if visible else Mirror.objects.none()
        names += ["hot_at", "pages", "wanted_at", "problem", "facets"]
    if probe is not None:
        mirrors = mirrors.annotate(matches=probe)
        names += ["matches"]
    found = list(mirrors.values(*names))
    counters = Counters(board=_zeros())
    for row in found:
        boards = json.loads(row["tally"] or "{}")
        board = boards.get(_branch(user, company) if company is not None else "")
        for to, numbers in zip(counters.board, board or [], strict=False):
            _add(to, numbers)
    if found and company is not None:
        row = found[0]
        counters.synced_at, counters.pages = row["hot_at"], row["pages"]
        counters.wanted_at, counters.problem = row["wanted_at"], row["problem"]
        counters.facets = row["facets"]
    if found and probe is not None:
        counters.matches, counters.is_probed = found[0]["matches"], True
    return counters


def _branch(user: Any, company: Company) -> str:
    """The branch a person is limited to, as the key of its counters; "" for the whole company."""
    for membership in user.roles:
        if membership.company_id == company.pk:
            return str(membership.branch_id or "")
    return ""
