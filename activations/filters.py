"""What the list is narrowed down to: all of it stands in the address, so it can be shared."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

from activations import search
from activations.models import Activation, ActivationQuerySet
from companies.models import Company
from enphase import statuses
from portal.ui.vocabulary import STAGES

VIEWS = {
    "open": "My open",
    "attention": "Needs attention",
    "pto": "Waiting for PTO",
    "all": "All",
}
# Parameter of the address → column and how people call it.
FACETS = {
    "status": ("status_key", "Status"),
    "country": ("country", "Country"),
    "state": ("state", "State"),
    "type": ("system_type", "Type"),
}
ORDER = ("-updated_at", "-id")
MAX_VALUE = 80
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Filters:
    """One view of the list. Values that mean nothing are left out when an address is read."""

    view: str = "open"
    stages: tuple[int, ...] = ()
    q: str = ""
    status: str = ""
    country: str = ""
    state: str = ""
    type: str = ""
    # The last row of the page before: its time and id.
    after: tuple[datetime, int] | None = None

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        q = " ".join(query.get("q", "").replace("\x00", "").split())[: search.MAX_LENGTH]
        view = query.get("view", "")
        if view not in VIEWS:
            # Somebody who looks for a site wants it whatever its stage.
            view = "all" if q else "open"
        stages = {
            int(number)
            for text in query.getlist("stage")
            for number in text.split(",")
            if number in {"1", "2", "3", "4", "5"}
        }
        if 5 in stages and view == "open":
            view = "all"
        values = {
            name: query.get(name, "").replace("\x00", "").strip()[:MAX_VALUE] for name in FACETS
        }
        return cls(
            view=view,
            stages=tuple(sorted(stages)),
            q=q,
            after=_cursor(query.get("after", "")),
            **values,
        )

    @property
    def words(self) -> list[str]:
        return search.words_of(self.q)

    @property
    def is_counted(self) -> bool:
        """Do the maintained counters know how many sites this shows?"""
        return not (self.q or self.facets)

    @property
    def facets(self) -> dict[str, str]:
        """The facets that are set."""
        return {name: value for name in FACETS if (value := getattr(self, name))}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.stages or self.facets)

    def without(self, *names: str) -> "Filters":
        """The same view without these filters, from its first page."""
        blank: dict[str, Any] = {name: Filters.__dataclass_fields__[name].default for name in names}
        return replace(self, after=None, **blank)

    def changed(self, **values: Any) -> "Filters":
        return replace(self, **({"after": None} | values))

    def query(self) -> str:
        """The query string, without what goes without saying; "" for the plain list."""
        pairs: list[tuple[str, Any]] = []
        if self.view != ("all" if self.q else "open"):
            pairs.append(("view", self.view))
        if self.stages:
            pairs.append(("stage", ",".join(map(str, self.stages))))
        if self.q:
            pairs.append(("q", self.q))
        pairs += self.facets.items()
        if self.after:
            pairs.append(("after", f"{_micros(self.after[0])}-{self.after[1]}"))
        return "?" + urlencode(pairs, safe=",") if pairs else ""

    def chips(self) -> list[dict[str, Any]]:
        """Each filter that is set, with the address that takes it away."""
        chips = []
        if self.stages:
            label = "Stage " + _ranges(self.stages)
            chips.append({"label": label, "query": self.without("stages").query() or "?"})
        for name, value in self.facets.items():
            title = FACETS[name][1]
            text = statuses.text_of(value) if name == "status" else value
            if name == "type":
                text = value.capitalize()
            label = f"{title}: {text}"
            chips.append({"label": label, "query": self.without(name).query() or "?"})
        if self.q:
            # Taking the words away must not hide what the view "all" shows.
            bare = replace(self.without("q"), view=self.view)
            chips.append({"label": f"“{self.q}”", "query": bare.query() or "?"})
        return chips

    # -------------------------------------------------------------- rows

    def rows(self, user: Any, company: Company | None) -> ActivationQuerySet:
        """Everything this shows to a person, newest change first; search and page not applied."""
        # One filter and not five: each copies the query.
        conditions: dict[str, Any] = {"gone_at": None}
        if company is not None:
            conditions["company"] = company
        if self.view == "open":
            conditions["is_open"] = True
        elif self.view == "attention":
            conditions["needs_attention"] = True
        elif self.view == "pto":
            conditions["waits_for_pto"] = True
        if len(self.stages) == 1:
            conditions["stage"] = self.stages[0]
        elif self.stages:
            conditions["stage__in"] = self.stages
        conditions |= {FACETS[name][0]: value for name, value in self.facets.items()}
        rows: ActivationQuerySet = Activation.objects.for_user(user).filter(**conditions)
        return rows.order_by(*ORDER)

    def page(self, rows: ActivationQuerySet) -> ActivationQuerySet:
        """The rows after the last one of the page before."""
        if self.after is None:
            return rows
        when, pk = self.after
        # The first half alone is a range of the index; the second sorts out equal times.
        return rows.filter(Q(updated_at__lt=when) | Q(pk__lt=pk), updated_at__lte=when)


def stage_links(filters: Filters) -> list[tuple[int, str, Filters, bool]]:
    """For each stage: its number and name, the list with only it, and whether it is shown."""
    shown = set(filters.stages) or ({1, 2, 3, 4} if filters.view == "open" else set(STAGES))
    return [
        (
            number,
            name,
            # Pressed again, the only stage that is shown gives way to all of them.
            filters.without("stages")
            if filters.stages == (number,)
            else filters.changed(
                stages=(number,),
                view="all" if number == 5 and filters.view == "open" else filters.view,
            ),
            number in shown,
        )
        for number, name in STAGES.items()
    ]


def _ranges(stages: tuple[int, ...]) -> str:
    """ "3", "1–4", "1, 3, 5"."""
    if len(stages) > 1 and stages[-1] - stages[0] == len(stages) - 1:
        return f"{stages[0]}–{stages[-1]}"
    return ", ".join(map(str, stages))


def _micros(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)


def _cursor(text: str) -> tuple[datetime, int] | None:
    micros, dash, pk = text.partition("-")
    if not (dash and micros.isascii() and micros.isdecimal() and pk.isascii() and pk.isdecimal()):
        return None
    if len(micros) > 17 or len(pk) > 18:
        return None
    return EPOCH + timedelta(microseconds=int(micros)), int(pk)
