"""What of the home owners is still in the hands of somebody who leaves."""

from typing import Any

from django.urls import reverse

from companies.homeowners.models import SiteAccess
from companies.leaving import Thing, holds


@holds(
    "accesses",
    title="Access given for a time",
    text="It ends on its day by itself, whoever works here by then.",
)
def accesses(company: Any, user: Any) -> list[Thing]:
    rows = (
        SiteAccess.objects.filter(given_by=user, home_owner__company=company, end__state="queued")
        .held()
        .select_related("end")
        .order_by("end__not_before")
    )
    return [
        Thing(end.title, reverse("operations:detail", args=[end.pk]), f"{end.not_before:%-d %b %Y}")
        for end in (access.end for access in rows)
        if end is not None
    ]
