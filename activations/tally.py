"""Maintained counters: the list shows how many sites there are without counting them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, Sum

from activations.models import Activation, Mirror, Tally
from companies.models import Company

STAGE_NUMBERS = (1, 2, 3, 4, 5)
OPEN_STAGES = (1, 2, 3, 4)
COUNTERS = ("total", "needs_attention", "waits_for_pto")


@transaction.atomic
def refresh(company: Company) -> bool:
    """Count the company's sites again and write the counters that moved; True if any did.

    Counting takes a walk through one company's index; it happens after changes, never on a page.
    """
    # One at a time, or two would insert the same counter.
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    known = {(row.branch_id, row.stage): row for row in Tally.objects.filter(company=company)}
    wanted = _zeros(company) | _counts(company)
    fresh = [
        Tally(company=company, branch_id=branch, stage=stage, **counts)
        for (branch, stage), counts in wanted.items()
        if (branch, stage) not in known
    ]
    Tally.objects.bulk_create(fresh)
    moved = bool(fresh)
    for key, row in known.items():
        counts = wanted.get(key)
        if counts is None:
            row.delete()
            moved = True
        elif any(getattr(row, name) != number for name, number in counts.items()):
            Tally.objects.filter(pk=row.pk).update(**counts)
            moved = True
    _keep_facets(company)
    return moved


def _zeros(company: Company) -> dict[tuple[int | None, int], dict[str, int]]:
    """A row for the company and each branch, so that an empty list has counters too."""
    branches = Company.objects.filter(parent=company).values_list("pk", flat=True)
    return {(branch, 1): dict.fromkeys(COUNTERS, 0) for branch in [None, *branches]}


def _counts(company: Company) -> dict[tuple[int | None, int], dict[str, int]]:
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
    return {
        (branch, stage): dict(zip(COUNTERS, numbers, strict=True))
        for branch, stage, *numbers in rows
    }


def _keep_facets(company: Company) -> None:
    """Remember which statuses, countries, states and types there are, for the filters."""
    present = Activation.objects.filter(company=company, gone_at=None).order_by()
    facets = {
        "status": sorted(
            present.exclude(status_key="").values_list("status_key", flat=True).distinct()
        ),
        "country": sorted(present.exclude(country="").values_list("country", flat=True).distinct()),
        "state": sorted(present.exclude(state="").values_list("state", flat=True).distinct()),
        "type": sorted(
            present.exclude(system_type="").values_list("system_type", flat=True).distinct()
        ),
    }
    text = json.dumps({name: values[:200] for name, values in facets.items()})
    Mirror.objects.get_or_create(company=company)
    Mirror.objects.filter(company=company).exclude(facets=text).update(facets=text)


@dataclass
class Counters:
    """What the list page knows without counting, from one query.

    `stages[stage]` holds total, needs_attention and waits_for_pto. `synced_at` is when the list
    was last read completely, `matches` the probe of a search.
    """

    stages: dict[int, dict[str, int]]
    synced_at: datetime | None = None
    pages: int = 1
    wanted_at: datetime | None = None
    problem: str = ""
    # JSON text, as in Mirror.facets.
    facets: str = ""
    matches: int | None = None

    def count(self, view: str, stages: Any = ()) -> int:
        """How many sites a view shows, in all its stages or in some."""
        name = {"attention": "needs_attention", "pto": "waits_for_pto"}.get(view, "total")
        wanted = set(stages) or set(STAGE_NUMBERS)
        if view == "open":
            wanted &= set(OPEN_STAGES)
        return sum(self.stages[stage][name] for stage in wanted)


def read(user: Any, company: Company | None, probe: Any = None) -> Counters:
    """The counters of what a person sees in a company, or everywhere. One query.

    `probe` is a number that the query computes along the way (activations.search).
    """
    rows = Tally.objects.for_user(user)
    extra: dict[str, Any] = {}
    if company is not None:
        rows = rows.filter(company=company)
        extra = {
            "hot_at": Max("company__mirror__hot_at"),
            "pages": Max("company__mirror__pages"),
            "wanted_at": Max("company__mirror__wanted_at"),
            "problem": Max("company__mirror__problem"),
            "facets": Max("company__mirror__facets"),
        }
    if probe is not None:
        rows = rows.annotate(matches=probe)
    names = ["stage"] if probe is None else ["stage", "matches"]
    sums = {f"sum_{name}": Sum(name) for name in COUNTERS}
    found = list(rows.order_by().values(*names).annotate(**sums, **extra))
    stages = {stage: dict.fromkeys(COUNTERS, 0) for stage in STAGE_NUMBERS}
    for row in found:
        if row["stage"] in stages:
            stages[row["stage"]] = {name: row[f"sum_{name}"] for name in COUNTERS}
    first = found[0] if found else {}
    return Counters(
        stages=stages,
        synced_at=first.get("hot_at"),
        pages=first.get("pages") or 1,
        wanted_at=first.get("wanted_at"),
        problem=first.get("problem") or "",
        facets=first.get("facets") or "",
        matches=first.get("matches", 0) if probe is not None else None,
    )
