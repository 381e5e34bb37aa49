"""Home owners: a new one, and what can be corrected of one."""

from typing import Any

from django import forms

from portal.ui.forms import Switch

# Enphase keeps more, but nobody dials it.
PHONE_LENGTH = 40


class EmailForm(forms.Form):
    """The address a search begins with."""

    email = forms.EmailField(
        label="E-mail",
        error_messages={"required": "Enter an e-mail address."},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email.lower()


class PersonForm(EmailForm):
    """All of a person that Enphase lets us set. Address and both names go along every time."""

    first_name = forms.CharField(
        label="First name",
        max_length=255,
        error_messages={"required": "Enter the first name."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    last_name = forms.CharField(
        label="Last name",
        max_length=255,
        error_messages={"required": "Enter the last name."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label="Phone",
        required=False,
        max_length=PHONE_LENGTH,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    email_reports = forms.BooleanField(
        label="E-mail reports",
        required=False,
        help_text="Enlighten writes to the person about production.",
        widget=Switch(),
    )

    field_order = ("first_name", "last_name", "email", "phone", "email_reports")

    def values(self) -> dict[str, Any]:
        """In the shape of companies.homeowners.people."""
        return {name: self.cleaned_data[name] for name in self.field_order}


class NewOwnerForm(PersonForm):
    """A home owner whom nobody at Enphase knows yet: the address was looked for first."""

    field_order = ("email", "first_name", "last_name", "phone", "email_reports")
