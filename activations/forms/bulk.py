"""The value of a change of many sites. `value()` is plain JSON, kept with the run."""

from typing import Any

from django import forms

from activations.catalog.models import GridProfile
from activations.forms.group import offer
from companies.homeowners.models import HomeOwner
from companies.models import Company, Subcontractor
from portal.ui.forms import ChoiceCards


class ValueForm(forms.Form):
    """One value for all sites. `user` is who asks: what they choose from is what they see."""

    def __init__(self, data: Any = None, *, company: Company, user: Any, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.company = company
        self.user = user
        self.arrange()

    def arrange(self) -> None:
        """Give choices to the fields that need the company's."""

    def value(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class GridProfileForm(ValueForm):
    profile = forms.ChoiceField(
        label="Grid profile",
        help_text="Sites it is not made for are left out, each with the reason.",
    )

    def arrange(self) -> None:
        newest = sorted(
            GridProfile.objects.filter(company=self.company),
            key=lambda row: row.order,
            reverse=True,
        )
        rows = sorted(newest, key=lambda row: row.name.casefold())
        offer(
            self, "profile", [("", "Choose one"), *((row.enphase_id, _long(row)) for row in rows)]
        )


def _long(profile: GridProfile) -> str:
    places = ", ".join(profile.states) or ", ".join(profile.countries)
    return f"{profile} ({places})" if places else str(profile)


class ProductionModeForm(ValueForm):
    mode = forms.ChoiceField(
        label="Production",
        choices=[("on", "Turn on"), ("off", "Turn off")],
        widget=ChoiceCards(
            hints={
                "on": "Sites without permission to operate on record are left out.",
                "off": "The home owners lose their production. A reason is asked for.",
            }
        ),
    )
    safe = forms.BooleanField(
        label="Nobody is working on the roof or at the panel of these sites",
        error_messages={"required": "Confirm that nobody is working on the roof or at the panel."},
    )

    def value(self) -> dict[str, Any]:
        return {"mode": self.cleaned_data["mode"]}


class SubcontractorForm(ValueForm):
    subcontractor = forms.TypedChoiceField(
        label="Subcontractor",
        coerce=int,
        help_text="It can be added, and not taken off again: Enphase offers no way.",
    )

    def arrange(self) -> None:
        rows = Subcontractor.objects.filter(company=self.company, enabled=True)
        offer(
            self,
            "subcontractor",
            [("", "Choose one"), *((str(row.enphase_id), row.name) for row in rows)],
        )


class AccessForm(ValueForm):
    access = forms.ChoiceField(
        label="What to do",
        choices=[("give", "Give access"), ("take", "Take access away")],
        widget=ChoiceCards(
            hints={
                "give": "The person sees these sites in the Enphase app.",
                "take": "The person sees these sites no longer. A reason is asked for.",
            }
        ),
        initial="give",
    )
    email = forms.EmailField(
        label="E-mail of the home owner",
        help_text="Somebody in your directory of home owners.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        found = HomeOwner.objects.filter(company=self.company, email__iexact=email)
        self.owner = found.order_by("-pk").first()
        if self.owner is None:
            raise forms.ValidationError(
                "Nobody in your directory has this address. Find or create the home owner first."
            )
        return email

    def value(self) -> dict[str, Any]:
        assert self.owner is not None
        return {
            "owner": self.owner.pk,
            "name": self.owner.discreet,
            "grant": self.cleaned_data["access"] == "give",
        }
