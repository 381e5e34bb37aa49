"""Pages about the portal itself: phone menu, what the words mean, how it looks, shortcuts."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.ui import vocabulary
from portal.ui.forms import ChoiceCards, Switch

YEAR_SECONDS = 365 * 24 * 3600


class AppearanceForm(forms.Form):
    theme = forms.ChoiceField(
        label="Theme",
        choices=[("auto", "Same as the device"), ("light", "Light"), ("dark", "Dark")],
        widget=ChoiceCards(hints={"light": "Best in sunlight", "dark": "Easier in the dark"}),
    )
    density = forms.ChoiceField(
        label="Rows in tables",
        choices=[("comfortable", "Comfortable"), ("roomy", "Roomy")],
        widget=ChoiceCards(hints={"comfortable": "More rows at once", "roomy": "More space"}),
    )


class ShortcutsForm(forms.Form):
    shortcuts = forms.BooleanField(
        label="Keyboard shortcuts",
        required=False,
        widget=Switch,
        help_text="Turn them off when they get in the way of your assistive technology.",
    )


@login_required
@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """Every place of the navigation on one page; what More opens on a phone."""
    return render(request, "ui/menu.html")


@login_required
@require_safe
def statuses(request: HttpRequest) -> HttpResponse:
    """What each status word means and what to do about it, worst first."""
    looks = {key: vocabulary.status_look(key) for key in vocabulary.STATUS_LOOKS}
    worst_first = sorted(looks, key=lambda key: vocabulary.TONES.index(looks[key].tone))
    rows = [{"key": key, "advice": vocabulary.STATUS_ADVICE[key]} for key in worst_first]
    return render(
        request,
        "ui/statuses.html",
        {"statuses": rows, "operation_states": vocabulary.OPERATION_LOOKS.values()},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appearance(request: HttpRequest) -> HttpResponse:
    """Theme and density, kept in cookies so that the first byte of a page knows them."""
    form = AppearanceForm(request.POST or None, initial=_saved(request))
    if request.method == "POST" and form.is_valid():
        messages.success(request, "Appearance saved on this device.")
        response = redirect("ui:appearance")
        for name, value in form.cleaned_data.items():
            _keep(response, request, name, value)
        return response
    return render(request, "ui/appearance.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def shortcuts(request: HttpRequest) -> HttpResponse:
    """The list of shortcuts, and the switch that turns all of them off (WCAG 2.1.4)."""
    if request.method == "POST":
        form = ShortcutsForm(request.POST)
        form.is_valid()
        on = form.cleaned_data["shortcuts"]
        messages.success(request, f"Keyboard shortcuts turned {'on' if on else 'off'}.")
        response = redirect("ui:shortcuts")
        _keep(response, request, "shortcuts", "on" if on else "off")
        return response
    form = ShortcutsForm(initial={"shortcuts": request.COOKIES.get("shortcuts") != "off"})
    return render(request, "ui/shortcuts.html", {"form": form})


def _saved(request: HttpRequest) -> dict[str, str]:
    return {
        "theme": request.COOKIES.get("theme", "auto"),
        "density": request.COOKIES.get("density", "comfortable"),
    }


def _keep(response: HttpResponse, request: HttpRequest, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=YEAR_SECONDS,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
