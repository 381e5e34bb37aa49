"""One home owner on one site: contact, access, and corrections by way of the site."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from activations.models import Activation
from activations.views.sites import find_site, may_change, site_context
from companies.homeowners import editing, tasks
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.homeowners.services import operations_of
from portal.ui.http import PortalRequest


@sensitive_post_parameters("email", "first_name", "last_name", "phone")
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: PortalRequest, pk: int, owner: int) -> HttpResponse:
    """Somebody who owns, hosts or may see the site. POST corrects: `review` → `confirm`.

    Causes no hit; the correction is sent by update_activation_user.
    """
    activation = find_site(request, pk)
    if request.method == "POST":
        request.access.require_installer(activation.company_id)
    home_owner = _on_site(request, activation, owner)
    access = (
        SiteAccess.objects.for_user(request.user)
        .filter(activation=activation, home_owner=home_owner)
        .select_related("end", "given_by")
        .first()
    )
    here = reverse("activations:person", args=[pk, owner])
    operations = operations_of(home_owner, request.user).filter(activation=activation)
    context = {
        **site_context(request, activation, "people"),
        "heading": str(home_owner),
        "owner": home_owner,
        "access": access,
        "roles": _roles(activation, home_owner),
        "running": [one for one in operations.order_by("-pk")[:5] if one.is_busy],
        "can_edit": editing.can_edit(home_owner),
        "awaited": _awaited(request, home_owner),
        "problem": tasks.problem_of(home_owner),
        "leave_url": here,
        "editing": False,
    }
    wants_form = request.method == "POST" or "edit" in request.GET
    if not (wants_form and may_change(request, activation) and editing.can_edit(home_owner)):
        status = 409 if request.method == "POST" else 200
        return render(request, "activations/person.html", context, status=status)
    state = editing.step(request, home_owner, activation)
    if state.operation is not None:
        return redirect("activations:person", pk, owner)
    context |= {**state.context, "editing": True}
    return render(request, "activations/person.html", context, status=state.status)


def _on_site(request: PortalRequest, activation: Activation, owner: int) -> HomeOwner:
    """Somebody this site has to do with; 404 for other home owners of the company."""
    known = HomeOwner.objects.for_user(request.user).select_related("company")
    person: HomeOwner = get_object_or_404(known, pk=owner, company=activation.company_id)
    if (
        not _roles(activation, person)
        and not person.accesses.filter(activation=activation).exists()
    ):
        raise Http404
    return person


def _roles(activation: Activation, person: HomeOwner) -> list[str]:
    roles = [("Owner", activation.owner_id), ("Host", activation.host_id)]
    return [role for role, number in roles if number == person.enphase_id]


def _awaited(request: PortalRequest, owner: HomeOwner) -> str:
    asked = request.GET.get("asked", "")
    try:
        return asked if tasks.is_awaited(owner, float(asked)) else ""
    except ValueError:
        return ""
