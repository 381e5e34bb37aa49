"""What people do at the array builder, as its forms post it."""

from django.urls import reverse

from activations.arrays import drafts
from activations.arrays.models import LayoutDraft
from portal.connections.services import client_for
from portal.operations.models import Operation

HTMX = {"HX-Request": "true"}
GATEWAY = "202300000701"
SOUTH = {
    "label": "South main",
    "rows": "2",
    "columns": "8",
    "orientation": "portrait",
    "azimuth": "184",
    "tilt": "22",
    "gateway": GATEWAY,
}


def url(site, name="plan", *more):
    return reverse(f"arrays:{name}", args=[site.pk, *more])


def draft_of(site):
    return LayoutDraft.objects.filter(activation=site).first() or LayoutDraft(activation=site)


def plan_of(site):
    return drafts.load(site).plan


def do(client, site, action, *, revision=None, status=302, htmx=False, **fields):
    """One step at the builder, as its forms post it."""
    revision = draft_of(site).revision if revision is None else revision
    answer = client.post(
        url(site, "act"),
        {"action": action, "revision": revision, **fields},
        headers=HTMX if htmx else {},
    )
    assert answer.status_code == status, answer.context and answer.context.get("errors")
    return answer


def send(client, site, on_commit, *, status=302):
    """Review and send what is drawn."""
    page = client.get(url(site, "review"))
    assert page.status_code == 200
    with on_commit():
        answer = client.post(
            url(site, "review"),
            {"revision": page.context["revision"], "token": page.context["token"]},
        )
    assert answer.status_code == status, answer.context and answer.context.get("errors")
    return Operation.objects.order_by("-pk").first()


def layout_at_enphase(halcyon, system_id=701):
    with client_for(halcyon.pk) as client:
        return client.arrays.list_arrays(system_id)
