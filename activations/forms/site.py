"""Site: name, project number, type and address."""

from typing import Any

from django import forms
from django_countries import countries

from activations import jurisdiction, places, references, values
from activations.forms.group import FormData, GroupForm, offer
from activations.jurisdiction import Facts
from companies.models import Company
from portal.ui.forms import ChoiceCards


class SiteForm(GroupForm):
    """Name, project number, type and address."""

    turns = ("country",)
    wire = (
        "system_name",
        "reference",
        "system_type",
        "internet_connection",
        "address",
        "allow_public_access",
    )

    system_name = forms.CharField(
        label="Name",
        max_length=255,
        help_text="What you call the site, often the owner's name.",
        error_messages={"required": "Enter a name for the site."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    project = forms.CharField(
        label="Project number",
        required=False,
        max_length=60,
        help_text="Yours. It becomes part of the reference at Enphase.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    branch = forms.ModelChoiceField(
        label="Branch",
        queryset=Company.objects.none(),
        required=False,
        empty_label="Whole company",
    )
    system_type = forms.ChoiceField(
        label="System type",
        choices=list(values.SYSTEM_TYPES.items()),
        initial="residential",
        widget=ChoiceCards(),
    )
    internet_connection = forms.ChoiceField(
        label="Internet at the site", choices=list(values.INTERNET.items()), initial="broadband"
    )
    country = forms.ChoiceField(label="Country", required=False)
    street1 = forms.CharField(
        label="Street and number",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    street2 = forms.CharField(
        label="Unit or second line",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    city = forms.CharField(label="City", required=False, max_length=120)
    state = forms.CharField(label="State or province", required=False, max_length=80)
    postal_code = forms.CharField(
        label="Postal code",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    allow_public_access = forms.BooleanField(
        label="Show this site in the public lists of Enphase",
        required=False,
        help_text="Off unless the owner agrees.",
    )

    def arrange(self) -> None:
        if self.editing:
            del self.fields["project"], self.fields["branch"]
        else:
            branches = self.company.branches.order_by("name")
            chooser = self.fields["branch"]
            assert isinstance(chooser, forms.ModelChoiceField)
            chooser.queryset = branches
            if not branches:
                del self.fields["branch"]
        offer(self, "country", [("", "Choose the country"), *countries])
        self.fields["country"].initial = self.company.country
        country = self.typed("country")
        if country in places.STATES:
            attrs = self.fields["state"].widget.attrs
            self.fields["state"] = forms.ChoiceField(
                label=places.STATE_LABELS[country],
                required=False,
                choices=[("", "Choose one"), *places.STATES[country]],
                error_messages={"invalid_choice": "Choose one of the list."},
                widget=forms.Select(attrs=attrs),
            )
        if country == "US":
            self.fields["postal_code"].label = "ZIP code"
        if jurisdiction.address_is_required(Facts(company_country=self.company.country)):
            words = jurisdiction.missing_parts(country)
            for part in jurisdiction.ADDRESS_PARTS:
                self.fields[part].required = True
                self.fields[part].error_messages["required"] = words[part]

    def clean_project(self) -> str:
        typed: str = self.cleaned_data["project"]
        if typed and not references.normalise(typed):
            raise forms.ValidationError("Use letters and digits for the project number.")
        return typed

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        address = {part: cleaned.get(part) or "" for part in values.ADDRESS}
        facts = Facts(company_country=self.company.country, country=address["country"])
        for part, sentence in jurisdiction.address_problems(address, facts).items():
            if part not in self.errors:
                self.add_error(part, sentence)
        return cleaned

    def kept(self) -> FormData:
        kept = super().kept()
        branch = self.cleaned_data.get("branch")
        if "branch" in kept:
            kept["branch"] = branch.pk if branch else None
        return kept

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        address = {part: " ".join((kept.get(part) or "").split()) for part in values.ADDRESS}
        given = any(address[part] for part in ("street1", "street2", "city", "postal_code"))
        return {
            "system_name": kept.get("system_name") or None,
            "system_type": kept.get("system_type") or "residential",
            "internet_connection": kept.get("internet_connection") or "broadband",
            "address": address if given else None,
            "allow_public_access": bool(kept.get("allow_public_access")),
        }

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        address = known.get("address") or {}
        return {
            **{part: address.get(part, "") for part in values.ADDRESS},
            **{
                name: known.get(name)
                for name in (
                    "system_name",
                    "system_type",
                    "internet_connection",
                    "allow_public_access",
                )
            },
        }
