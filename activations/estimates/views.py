"""A site's estimate: twelve values, where they come from, and what was really produced."""

import uuid
from decimal import Decimal
from typing import Any

from django.core import signing
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activations.estimates import assuming, comparing, services, sunlight
from activations.estimates.amounts import Unreadable, read_months, tidy
from activations.estimates.drawing import bars_of
from activations.estimates.forms import (
    MONTH_FIELDS,
    AssumptionsForm,
    EstimateForm,
    PasteForm,
    PlaneFormSet,
    YearlyForm,
)
from activations.estimates.models import Proposal
from activations.estimates.reads import MONTH_NAMES, kwh_words
from activations.models import Activation
from activations.snapshots.services import current
from activations.snapshots.sheets import sheet
from activations.views.sites import find_site, find_site_to_change, may_change, site_context
from portal.operations.models import Operation, State
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

SALT = "activations.estimates.base"
# What an estimate costs: compared, sent.
SEND_HITS = "2 hits"


# ------------------------------------------------------------------ the page


@require_http_methods(["GET", "HEAD", "POST"])
def estimate(request: PortalRequest, pk: int) -> HttpResponse:
    """The twelve values and what was produced. POST fills the fields in; nothing is sent."""
    if request.method == "POST":
        return _fill(request, find_site_to_change(request, pk))
    activation = find_site(request, pk)
    proposal = _proposal_to_use(request, activation)
    form = _form_of(activation, proposal)
    notes = []
    if proposal:
        notes = ["Worked out from the arrays. Review before it is sent."]
    return _page(request, activation, form, notes=notes, proposal=proposal)


def _fill(request: PortalRequest, activation: Activation) -> HttpResponse:
    """Twelve values from a yearly figure or a paste, beside what is typed already."""
    typed = {name: request.POST.get(name, "") for name in [*MONTH_FIELDS, "degrade_factor"]}
    fillers: dict[str, Any] = {}
    notes: list[str] = []
    status = 200
    match request.POST.get("do"):
        case "yearly":
            filler = YearlyForm(request.POST)
            fillers["yearly_form"] = filler
            if filler.is_valid():
                place = assuming.place_of(activation)
                months = assuming.spread(filler.cleaned_data["yearly"], place)
                notes = [assuming.spread_words(place)]
                typed |= _as_typed(months)
        case "paste":
            paste = PasteForm(request.POST)
            fillers["paste_form"] = paste
            if paste.is_valid():
                try:
                    pasted = read_months(paste.cleaned_data["pasted"])
                except Unreadable as error:
                    paste.add_error("pasted", str(error))
                else:
                    notes = pasted.notes or ["Twelve values read."]
                    typed |= _as_typed(pasted.months)
                    del fillers["paste_form"]
    if any(form.errors for form in fillers.values()):
        status = 422
    return _page(
        request, activation, EstimateForm(initial=typed), notes=notes, status=status, **fillers
    )


def _as_typed(months: list[Decimal]) -> dict[str, Any]:
    return dict(zip(MONTH_FIELDS, months, strict=True))


def _form_of(activation: Activation, proposal: Proposal | None) -> EstimateForm:
    """What Enphase has, or the values of a proposal."""
    copy = current(activation, "estimate")
    record = copy.record if copy else None
    initial: dict[str, Any] = {"degrade_factor": Decimal("0.5")}
    if record is not None:
        if record.degrade_factor is not None:
            initial["degrade_factor"] = record.degrade_factor.normalize()
        initial |= dict(zip(MONTH_FIELDS, record.month_estimates, strict=False))
    if proposal is not None:
        initial |= _as_typed(proposal.values)
    return EstimateForm(initial=initial)


def _page(
    request: PortalRequest,
    activation: Activation,
    form: EstimateForm,
    *,
    notes: list[str] | None = None,
    proposal: Proposal | None = None,
    status: int = 200,
    **fillers: Any,
) -> HttpResponse:
    copy = current(activation, "estimate")
    record = copy.record if copy else None
    operation = _last_operation(request, activation)
    sending = operation if operation and operation.is_open else None
    known = record.month_estimates if record else []
    shown: list[Any] = form.typed if may_change(request, activation) else known
    if sending:
        shown = [Decimal(text) for text in sending.payload["month_estimates"]]
    shown = shown or [None] * sunlight.MONTHS
    typed = [value for value in shown if value is not None]
    total = sum(typed, Decimal(0))
    edits = may_change(request, activation) and activation.gone_at is None
    context = {
        **site_context(request, activation, "estimate"),
        "heading": "Estimate",
        "sheet": sheet(request, activation, [("estimate", ""), ("energy-lifetime", "")]),
        "copy": copy,
        "record": record,
        "form": form if edits and record is not None and not sending else None,
        "yearly_form": YearlyForm(),
        "paste_form": PasteForm(),
        **fillers,
        "fills": request.POST.get("do", "") if status == 422 else "",
        "notes": notes or [],
        "base": signing.dumps(services.base_of(activation), salt=SALT),
        "token": uuid.uuid4(),
        "proposal": proposal,
        "behind": services.proposal_behind(activation, known),
        "chart": bars_of(shown),
        "total": kwh_words(total) if typed else "",
        "filled": len(typed),
        "loss": record.degrade_factor if record else None,
        "months": list(zip(MONTH_NAMES, [kwh_words(v) for v in known], strict=False)),
        "operation": operation,
        "sending": sending,
        # What waits for a person does not get on by itself.
        "moving": bool(sending and (sending.is_busy or sending.state == State.OVERDUE)),
        "hits": SEND_HITS,
        **_produced(request, activation, record),
    }
    return render(request, "estimates/estimate.html", context, status=status)


def _last_operation(request: PortalRequest, activation: Activation) -> Operation | None:
    return (
        Operation.objects.for_user(request.user)
        .filter(activation=activation, kind="estimate.update")
        .order_by("-pk")
        .first()
    )


def _produced(request: PortalRequest, activation: Activation, record: Any) -> dict[str, Any]:
    """One year of what was produced, against the estimate if there is one."""
    copy = current(activation, "energy-lifetime")
    lifetime = copy.record if copy else None
    years = comparing.years_of(lifetime)
    if lifetime is None or not years:
        return {"energy": copy, "years": years, "year": None}
    wanted = request.GET.get("year", "")
    number = int(wanted) if wanted.isdigit() and int(wanted) in years else years[0]
    year = comparing.compare(lifetime, record, number)
    reasons = []
    if year.expected:
        behind = services.proposal_behind(activation, record.month_estimates)
        reasons = comparing.reasons(year, behind, activation.production)
    return {
        "energy": copy,
        "years": years,
        "year": year,
        "reasons": reasons,
        "produced_chart": bars_of(
            [month.produced for month in year.months],
            [month.whole_expected for month in year.months],
        ),
    }


# ------------------------------------------------------------------ review and send


@require_POST
def check(request: PortalRequest, pk: int) -> HttpResponse:
    """What would change, in words; with do=send it is queued."""
    activation = find_site_to_change(request, pk)
    if request.POST.get("do") == "back":
        return _fill(request, activation)
    given = request.POST.copy()
    if given.get("do") == "clear":
        for name in MONTH_FIELDS:
            given[name] = ""
    form = EstimateForm(given)
    base = _base_seen(request)
    proposal = _proposal_to_use(request, activation)
    if not form.is_valid():
        return _page(request, activation, form, proposal=proposal, status=422)
    months, loss = form.cleaned_data["months"], form.cleaned_data["degrade_factor"]
    before, after = services.changes(base, months, loss)
    if not after:
        form.add_error(None, "Nothing was changed.")
        return _page(request, activation, form, proposal=proposal, status=422)
    source = ""
    if proposal is not None and proposal.values == months:
        source = assuming.source_words(proposal)
    if request.POST.get("do") == "send":
        try:
            with transaction.atomic():
                services.queue_estimate(
                    activation,
                    months=months,
                    loss_percent=loss,
                    base=base,
                    actor=request.user,
                    token=form_token(request),
                    source=source,
                )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("estimates:estimate", pk)
    labels = [
        label for label in [*MONTH_NAMES, "Year", "Yearly loss"] if label in {**before, **after}
    ]
    context = {
        **site_context(request, activation, "estimate"),
        "form": form,
        "rows": [
            {"field": label, "before": before.get(label, ""), "after": after.get(label, "")}
            for label in labels
        ],
        "removes": not months,
        "source": source,
        "base": request.POST.get("base", ""),
        "token": form_token(request),
        "proposal": proposal,
        "hits": SEND_HITS,
    }
    return render(request, "estimates/check.html", context, status=422 if form.errors else 200)


def _base_seen(request: PortalRequest) -> services.Base | None:
    """What the person saw when the form was drawn. A form that was tampered with saw nothing."""
    try:
        base: services.Base | None = signing.loads(request.POST.get("base", ""), salt=SALT)
    except signing.BadSignature:
        return None
    return base


def _proposal_to_use(request: PortalRequest, activation: Activation) -> Proposal | None:
    """The proposal named by ?from= or by the form, if it is one of this site and worked out."""
    given = request.POST.get("proposal", "") or request.GET.get("from", "")
    if not given.isdigit():
        return None
    found = Proposal.objects.filter(activation=activation, pk=int(given)).first()
    return found if found and found.is_done else None


# ------------------------------------------------------------------ from the arrays


@require_http_methods(["GET", "HEAD", "POST"])
def arrays(request: PortalRequest, pk: int) -> HttpResponse:
    """Everything that is assumed to work the values out, to be changed before."""
    activation = find_site_to_change(request, pk)
    again = _again(request, activation)
    start = assuming.start(activation, again)
    status = 200
    if request.method == "POST":
        form = AssumptionsForm(request.POST)
        planes = PlaneFormSet(request.POST, prefix="plane")
        if request.POST.get("do") == "add":
            return _arrays_page(request, activation, *_with_another(request), start)
        if form.is_valid() and planes.is_valid():
            try:
                with transaction.atomic():
                    proposal = services.propose(
                        activation, assuming.assumptions(form, planes, start), actor=request.user
                    )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("estimates:proposal", pk, proposal.pk)
        status = 422
    else:
        form = AssumptionsForm(initial=start.initial)
        planes = PlaneFormSet(initial=start.planes, prefix="plane")
    return _arrays_page(request, activation, form, planes, start, status)


def _with_another(request: PortalRequest) -> tuple[AssumptionsForm, Any]:
    """The same forms with one more row; nothing is checked yet."""
    data = request.POST.copy()
    told = data.get("plane-TOTAL_FORMS", "")
    count = int(told) if told.isdecimal() and len(told) < 4 else 1
    form = AssumptionsForm(initial={key: data[key] for key in data})
    rows = [
        {
            name: data.get(f"plane-{number}-{name}", "")
            for name in ("label", "azimuth", "tilt", "modules")
        }
        for number in range(min(count + 1, 40))
    ]
    planes = PlaneFormSet(initial=rows, prefix="plane")
    return form, planes


def _arrays_page(
    request: PortalRequest,
    activation: Activation,
    form: AssumptionsForm,
    planes: Any,
    start: assuming.Start,
    status: int = 200,
) -> HttpResponse:
    context = {
        **site_context(request, activation, "estimate"),
        "heading": "Estimate from the arrays",
        "sheet": sheet(request, activation, [("arrays", "")], editing=True),
        "form": form,
        "planes": planes,
        "forms": [form, *planes.forms],
        "start": start,
        "is_installed": sunlight.is_installed(),
    }
    return render(request, "estimates/arrays.html", context, status=status)


def _again(request: PortalRequest, activation: Activation) -> Proposal | None:
    given = request.GET.get("again", "")
    if not given.isdigit():
        return None
    return Proposal.objects.filter(activation=activation, pk=int(given)).first()


@require_safe
def proposal(request: PortalRequest, pk: int, number: int) -> HttpResponse:
    """Twelve values as they were worked out, beside those there are."""
    activation = find_site(request, pk)
    found = get_object_or_404(Proposal.objects.for_user(request.user), pk=number)
    if found.activation_id != activation.pk:
        raise Http404("A proposal of another site.")
    copy = current(activation, "estimate")
    now = copy.record.month_estimates if copy and copy.record else []
    planes = found.assumptions["planes"]
    rows = []
    if found.is_done:
        for month, name in enumerate(MONTH_NAMES):
            rows.append(
                {
                    "name": name,
                    "planes": [kwh_words(round(plane[month])) for plane in found.planes_kwh],
                    "total": kwh_words(found.values[month]),
                    "now": kwh_words(now[month]) if now else "",
                }
            )
    context = {
        **site_context(request, activation, "estimate"),
        "heading": "Proposal",
        "proposal": found,
        "planes": planes,
        "rows": rows,
        "totals": [kwh_words(round(sum(plane))) for plane in found.planes_kwh],
        "total": kwh_words(found.total),
        "now_total": kwh_words(tidy(sum(now, Decimal(0)))) if now else "",
        "specific": round(float(found.total) / found.peak_kw) if found.is_done else None,
        "assumed": assuming.in_words(found.assumptions),
        "chart": bars_of(found.values, now) if found.is_done else None,
    }
    return render(request, "estimates/proposal.html", context)
