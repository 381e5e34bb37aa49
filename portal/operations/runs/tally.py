"""How a run stands: every system in one of nine groups, counted, and drawn as one strip."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.safestring import SafeString

from portal.operations.models import Operation, Run, RunItem, State


@dataclass(frozen=True)
class Group:
    """What a person tells apart. `rank` puts problems first; `css`, `top` and `mark` draw it."""

    key: str
    label: str
    tone: str
    icon: str
    rank: int
    css: str
    top: int  # of 22: how much of the block's height is left free above it
    mark: str = ""  # a path across a block of 8.5 x 22

    @property
    def height(self) -> int:
        return 22 - self.top


STRUCK = "M2 17l4.500-12"
DOTTED = "M4.250 9v4M4.250 16v2"
GROUPS = {
    group.key: group
    for group in (
        Group("failed", "Failed", "bad", "xcirc", 0, "f-bad", 0, STRUCK),
        Group("decide", "Needs a decision", "review", "inbox", 1, "f-review", 0, DOTTED),
        Group("slow", "Gateway is slow", "warn", "clock", 2, "f-warn", 3),
        Group("retrying", "Retrying", "warn", "repeat", 3, "f-warn", 5),
        Group("running", "Running", "busy", "spinner", 4, "f-busy", 8),
        Group("queued", "Queued", "off", "clock", 5, "f-line", 16),
        Group("done", "Done", "ok", "check", 6, "f-done", 0),
        Group("same", "Already so", "ok", "check", 7, "f-done", 13),
        Group("cancelled", "Cancelled", "off", "stop", 8, "f-line", 19),
    )
}
PROBLEMS = ("failed", "decide", "slow")
SETTLED = ("done", "same", "cancelled", *PROBLEMS)
# Beyond so many systems a block stands for several, and shows the one that needs most attention.
MAX_BLOCKS = 300

_OF_OPERATION = {
    State.QUEUED: "queued",
    State.SENDING: "running",
    State.CONFIRMING: "running",
    State.OVERDUE: "slow",
    State.UNKNOWN: "retrying",
    State.NEEDS_REVIEW: "decide",
    State.CONFLICT: "decide",
    State.PAUSED: "queued",
    State.DONE: "done",
    State.REJECTED: "failed",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.SUPERSEDED: "cancelled",
}
# States of operations that a run waits for.
WAITED_FOR = (State.QUEUED, State.SENDING, State.CONFIRMING, State.UNKNOWN, State.PAUSED)
# What of a run's items was left out by its preview.
LEFT_OUT = (RunItem.State.ALREADY, RunItem.State.CANNOT)


@lru_cache(maxsize=256)
def group_of(item: str, operation: str | None, sent: bool, failures: bool) -> str:
    """The group of an item by its own state and that of its operation."""
    if item == RunItem.State.REFUSED:
        return "failed"
    if item == RunItem.State.CANCELLED:
        return "cancelled"
    if item == RunItem.State.WAITING or operation is None:
        return "queued"
    if operation == State.DONE and not sent:
        return "same"
    if operation == State.QUEUED and failures:
        return "retrying"
    return _OF_OPERATION[State(operation)]


@dataclass(frozen=True)
class Tally:
    """Of one run: numbers by group, the strip, and what is asked for again and again."""

    counts: dict[str, int]
    strip: SafeString
    blocks: int
    each: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        return self.counts.get("done", 0) + self.counts.get("same", 0)

    @property
    def width(self) -> float:
        """Of the strip: the gap after the last block is not part of it."""
        return max(self.blocks * 10 - 1.5, 8.5)

    @property
    def settled(self) -> int:
        return sum(self.counts.get(key, 0) for key in SETTLED)

    @property
    def problems(self) -> int:
        return sum(self.counts.get(key, 0) for key in PROBLEMS)

    @property
    def under_way(self) -> int:
        return self.counts.get("running", 0) + self.counts.get("retrying", 0)

    @property
    def queued(self) -> int:
        return self.counts.get("queued", 0)

    @property
    def is_busy(self) -> bool:
        """Will it change by itself?"""
        return self.settled < self.total

    @property
    def keys(self) -> list[tuple[Group, int]]:
        """The groups that occur, as the key of the strip names them."""
        shown = ("done", "same", "running", "retrying", "slow", "decide", "failed", "queued")
        return [
            (GROUPS[key], self.counts[key]) for key in (*shown, "cancelled") if self.counts.get(key)
        ]


def tally(run: Run) -> Tally:
    """One query, however many systems there are."""
    rows = (
        run.items.exclude(state__in=LEFT_OUT)
        .order_by("number")
        .values_list("state", "operation__state", "operation__sent_at", "operation__failures")
    )
    groups = [
        group_of(state, operation, sent is not None, bool(failures))
        for state, operation, sent, failures in rows.iterator(chunk_size=2000)
    ]
    each = -(-len(groups) // MAX_BLOCKS) or 1
    blocks = [
        min(groups[start : start + each], key=lambda key: GROUPS[key].rank)
        for start in range(0, len(groups), each)
    ]
    return Tally(dict(Counter(groups)), _strip(blocks), len(blocks), each)


def _strip(blocks: Iterable[str]) -> SafeString:
    """Blocks 10 wide and 22 high. Each state differs in colour, height and mark."""
    # Our own numbers and constants.
    return SafeString("".join(_block(x * 10, GROUPS[key]) for x, key in enumerate(blocks)))


def _block(x: int, group: Group) -> str:
    mark = f'<path transform="translate({x})" d="{group.mark}" class="strike"/>'
    return (
        f'<rect x="{x}" y="{group.top}" width="8.5" height="{group.height}" rx="1.5" '
        f'class="{group.css}"/>{mark if group.mark else ""}'
    )


def condition(key: str) -> Q:
    """The items of a group, as a filter; `group_of` in the words of the database."""
    sent = Q(state=RunItem.State.SENT)
    states = [state for state, group in _OF_OPERATION.items() if group == key]
    found = sent & Q(operation__state__in=states)
    if key == "failed":
        return found | Q(state=RunItem.State.REFUSED)
    if key == "cancelled":
        return found | Q(state=RunItem.State.CANCELLED)
    if key == "queued":
        return (
            Q(state=RunItem.State.WAITING)
            | (sent & Q(operation=None))
            | (sent & Q(operation__state=State.PAUSED))
            | (found & Q(operation__failures=0))
        )
    if key == "retrying":
        return found | (sent & Q(operation__state=State.QUEUED, operation__failures__gt=0))
    if key == "done":
        return found & Q(operation__sent_at__isnull=False)
    if key == "same":
        return sent & Q(operation__state=State.DONE, operation__sent_at=None)
    return found


def ranked() -> Case:
    """Problems first, then what goes on, then what is over."""
    return Case(
        *(When(condition(key), then=Value(group.rank)) for key, group in GROUPS.items()),
        default=Value(9),
        output_field=IntegerField(),
    )


def open_children(run: Run) -> int:
    """How many operations of a run wait for something besides a person or a slow gateway."""
    return Operation.objects.filter(run=run, state__in=WAITED_FOR).count()
