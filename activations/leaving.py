"""What of the sites is still in the hands of somebody who leaves."""

from typing import Any

from django.urls import reverse

from activations.models import Draft
from companies.leaving import Thing, holds


@holds("drafts", title="Drafts", text="New sites begun in the wizard and not sent yet.")
def drafts(company: Any, user: Any) -> list[Thing]:
    rows = Draft.objects.filter(company=company, author=user, operation=None)
    return [
        Thing(str(draft), reverse("activations:resume", args=[draft.uuid]))
        for draft in rows.order_by("-changed_at")
    ]


@drafts.hand_over
def _give_drafts(company: Any, user: Any, to: Any) -> int:
    return Draft.objects.filter(company=company, author=user, operation=None).update(author=to)
