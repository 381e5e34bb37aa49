"""The company's tariff templates: list, rename, delete."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from activations.tariffs import charts, services, words
from activations.tariffs.forms import TemplateNameForm
from activations.tariffs.models import TariffTemplate
from activations.tariffs.plan import plan_of
from companies.access import MAY_CHANGE
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest


@require_safe
def template_list(request: PortalRequest) -> HttpResponse:
    """Templates of the current company, by name."""
    company = request.access.company
    rows = TariffTemplate.objects.for_user(request.user).filter(company=company)
    context: dict[str, Any] = {
        "templates": [
            {"row": row, "summary": words.summary(row.document)}
            for row in rows.select_related("author")[:500]
        ],
        "may_change": company is not None and request.access.role_in(company.pk) in MAY_CHANGE,
    }
    return render(request, "tariffs/templates.html", context)


def _find(request: PortalRequest, pk: int, *, to_change: bool) -> TariffTemplate:
    row = get_object_or_404(
        TariffTemplate.objects.for_user(request.user).select_related("company"), pk=pk
    )
    if to_change:
        request.access.require_installer(row.company_id)
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PortalRequest, template: int) -> HttpResponse:
    """One template: its prices, and its name."""
    row = _find(request, template, to_change=request.method == "POST")
    form = TemplateNameForm(request.POST or None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_template(row, form.cleaned_data["name"])
        except Refused as refusal:
            form.add_error("name", str(refusal))
            row.refresh_from_db()
        else:
            messages.success(request, "Template renamed.")
            return redirect("tariff-templates:list")
    document = row.document
    plan = plan_of(document)
    context = {
        "template": row,
        "form": form,
        "facts": words.facts_of(document),
        "years": [
            {"title": title, "year": charts.year_of(plan, direction)}
            for direction, title in (("buy", "Buy from grid"), ("sell", "Sell to grid"))
            if plan[direction].kind != "none"
        ],
        "may_change": request.access.role_in(row.company_id) in MAY_CHANGE,
    }
    return render(request, "tariffs/template.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PortalRequest, template: int) -> HttpResponse:
    """The question before a template goes, and its going."""
    row = _find(request, template, to_change=True)
    if request.method == "POST":
        services.delete_template(row, actor=request.user)
        messages.success(request, f"Template “{row.name}” deleted.")
        return redirect("tariff-templates:list")
    context = {
        "template": row,
        "cancel_url": reverse("tariff-templates:change", args=[row.pk]),
    }
    return render(request, "tariffs/delete_template.html", context)
