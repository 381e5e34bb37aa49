"""What a person decides on a page of its own: create, switch, delete, give access."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from activations.forms.group import offer
from portal.ui.forms import Switch


class CreateForm(forms.Form):
    """The check page: only something to say when a copy of the site was found."""

    anyway = forms.BooleanField(
        label="Create it anyway: this is another site",
        required=False,
        error_messages={"required": "Open the site that exists, or say that this is another one."},
    )
    reason = forms.CharField(
        label="Why it is another site",
        required=False,
        max_length=200,
        help_text="Kept in the history, with your name.",
    )

    def __init__(self, *args: Any, copies: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if copies:
            self.fields["anyway"].required = True
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = "Say why, in a few words."
        else:
            del self.fields["anyway"], self.fields["reason"]


class ProductionForm(forms.Form):
    """Switching a whole site: what has to be said before."""

    safe = forms.BooleanField(
        label="Nobody is working on the roof or at the panel",
        error_messages={"required": "Confirm that nobody is working on the roof or at the panel."},
    )
    no_pto = forms.BooleanField(
        label="I know that permission to operate is not on record, and switch it on all the same",
        error_messages={"required": "Permission to operate is not on record. Confirm, or wait."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Kept in the history, with your name.",
        error_messages={"required": "Say why production is being stopped."},
    )

    def __init__(self, *args: Any, mode: str, pto_known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if mode == "on":
            del self.fields["reason"]
        if mode == "off" or pto_known:
            del self.fields["no_pto"]


class DeleteForm(forms.Form):
    """Typed confirmation of the name, and why."""

    name = forms.CharField(
        label="Type the name of the site",
        error_messages={"required": "Type the name of the site as it is written above."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Kept in the history, with your name.",
        error_messages={"required": "Say why it is deleted."},
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"]
        if " ".join(typed.split()).casefold() != " ".join(self.expected.split()).casefold():
            raise forms.ValidationError("This is not the name of the site.")
        return typed


NAMES = {"first_name": "first name", "last_name": "last name"}


class OwnerForm(forms.Form):
    """The owner of an existing site, by e-mail."""

    email = forms.EmailField(
        label="E-mail",
        error_messages={"required": "Enter an e-mail address."},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    first_name = forms.CharField(label="First name", required=False, max_length=255)
    last_name = forms.CharField(label="Last name", required=False, max_length=255)
    phone = forms.CharField(label="Phone", required=False, max_length=40)
    email_reports = forms.BooleanField(
        label="E-mail reports",
        required=False,
        help_text="Enlighten writes to the person about production.",
        widget=Switch(),
    )
    until = forms.DateField(
        label="Last day of the access",
        required=False,
        help_text="Empty for access without an end. It is taken away after that day by itself.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean_until(self) -> date | None:
        day: date | None = self.cleaned_data["until"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError("Choose today or a later day.")
        return day

    @property
    def ends_at(self) -> datetime | None:
        """The last minute of that day, where the site stands."""
        day: date | None = self.cleaned_data.get("until")
        if day is None:
            return None
        return timezone.make_aware(datetime.combine(day, time(23, 59)))

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email.lower()

    def ask_for_names(self) -> None:
        """Nobody has the address: the fields no longer say that a name is optional."""
        for part in NAMES:
            self.fields[part].required = True

    def require_names(self) -> bool:
        """Nobody has the address: a new home owner needs names. False with errors added."""
        for part, label in NAMES.items():
            if not self.cleaned_data.get(part):
                self.add_error(part, f"Enter the {label}; nobody at Enphase has this address yet.")
        return not self.errors


class MovedForm(forms.Form):
    """The day on which the owner of a site moved out."""

    moved_on = forms.DateField(
        label="Moved on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Enter the day."},
    )


class SubcontractorForm(forms.Form):
    """A subcontractor to be added to a site."""

    subcontractor = forms.TypedChoiceField(
        label="Subcontractor",
        coerce=int,
        help_text="The owner has to approve. Enphase lets nobody take a subcontractor off again.",
        error_messages={"required": "Choose a subcontractor."},
    )

    def __init__(self, *args: Any, choices: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "subcontractor", [("", "Choose one"), *choices])
