"""What is typed to invite somebody, to change their record at Enphase, and to let them go."""

from typing import Any

from django import forms

from companies.models import Company, Membership
from companies.staff.models import Colleague
from companies.staff.writes import LABELS
from portal.ui.forms import ChoiceCards
from portal.users.models import User

ROLE_HINTS = {
    "installer": "Creates and changes activations and home owners.",
    "admin": "Also connects Enphase, deletes activations, approves big runs and decides who works "
    "here. For the whole company.",
    "viewer": "Looks, and changes nothing.",
}
# The contract's limit for users of a company; elsewhere it is 255.
PHONE_LENGTH = 50


class RoleForm(forms.Form):
    """A role, for the whole company or for one of its branches."""

    role = forms.ChoiceField(
        choices=[
            (role.value, role.label)
            for role in (Membership.Role.INSTALLER, Membership.Role.ADMIN, Membership.Role.VIEWER)
        ],
        label="Role in Ridgeline",
        widget=ChoiceCards(hints=ROLE_HINTS),
    )
    branch = forms.ModelChoiceField(
        Company.objects.none(),
        required=False,
        label="Branch",
        empty_label="All branches",
        help_text="Limits what the person sees.",
    )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = company.branches.all()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("role") == Membership.Role.ADMIN and cleaned.get("branch"):
            self.add_error("branch", "An admin works for the whole company. Choose all branches.")
        return cleaned


class NewPersonForm(RoleForm):
    """Somebody new: invited here, and added at Enphase in one go when wanted."""

    email = forms.EmailField(
        label="E-mail", max_length=254, error_messages={"required": "Enter an e-mail address"}
    )
    first_name = forms.CharField(label="First name", max_length=120)
    last_name = forms.CharField(label="Last name", max_length=120)
    at_enphase = forms.BooleanField(
        required=False,
        label="Also add at Enphase",
        help_text="Makes an Enlighten user in the company (1 hit to look, 1 to add). Enphase has "
        "no way to delete one again.",
    )
    phone = forms.CharField(
        label="Phone",
        max_length=PHONE_LENGTH,
        required=False,
        help_text="Only for Enphase.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    enlighten_emails = forms.BooleanField(
        required=False, label="Gets Enlighten's automatic e-mails"
    )

    field_order = [
        "email",
        "first_name",
        "last_name",
        "role",
        "branch",
        "at_enphase",
        "phone",
        "enlighten_emails",
    ]

    @property
    def person(self) -> dict[str, Any]:
        """As writes.create_company_user takes it. Only after is_valid()."""
        return {name: self.cleaned_data[name] for name in LABELS}


class ColleagueForm(forms.Form):
    """A user of the company at Enphase: what the API lets a company change."""

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="It is also the person's sign-in at Enlighten.",
        error_messages={"required": "Enter an e-mail address"},
    )
    first_name = forms.CharField(label="First name", max_length=255)
    last_name = forms.CharField(label="Last name", max_length=255)
    phone = forms.CharField(
        label="Phone",
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel"}),
    )
    enlighten_emails = forms.BooleanField(
        required=False, label="Gets Enlighten's automatic e-mails"
    )

    def __init__(self, *args: Any, colleague: Colleague, **kwargs: Any) -> None:
        kwargs.setdefault("initial", self.values_of(colleague))
        super().__init__(*args, **kwargs)

    @staticmethod
    def values_of(colleague: Colleague) -> dict[str, Any]:
        return {name: getattr(colleague, name) for name in LABELS}


class GoodbyeForm(forms.Form):
    """Who takes over what can pass to somebody else."""

    to = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        label="Who takes over",
        empty_label="Choose a person",
        error_messages={"required": "Choose who takes over."},
    )

    def __init__(self, *args: Any, successors: list[User], is_needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].required = is_needed
        if not successors:
            self.fields["to"].help_text = "Nobody else may change things here. Invite somebody."
        people = User.objects.filter(pk__in=[person.pk for person in successors])
        self.fields["to"].queryset = people.order_by("name", "pk")  # type: ignore[attr-defined]
