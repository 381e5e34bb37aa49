"""Deleting a site at Enphase: only early, only by an admin, only after typing its name."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from activations import services
from activations.forms import DeleteForm
from activations.views.sites import find_site_to_change, site_context
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PortalRequest, pk: int) -> HttpResponse:
    """The question, or the reason why it is not allowed; POST queues the deletion."""
    activation = find_site_to_change(request, pk)
    why = services.why_not_deletable(activation)
    is_admin = request.access.role_in(activation.company_id) == "admin"
    if not why and not is_admin:
        why = "Deleting a site is for admins of the company. Ask one of them."
    if request.method == "POST":
        request.access.require_admin(activation.company_id)
    posted = request.POST if request.method == "POST" and not why else None
    form = DeleteForm(posted, expected=activation.name)
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        token = uuid.uuid4()
    if posted is not None and form.is_valid():
        try:
            operation = services.queue_delete(
                activation, reason=form.cleaned_data["reason"], actor=request.user, token=token
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("operations:detail", operation.pk)
    context = {
        **site_context(request, activation, ""),
        "heading": "Delete",
        "form": form,
        "token": token,
        "why": why,
    }
    status = 200
    if request.method == "POST":
        status = 409 if why else 422
    return render(request, "activations/delete.html", context, status=status)
