"""What is typed to add or change who works in a company."""

from typing import Any

from django import forms

from companies.models import Company, Membership

ROLE_HELP = (
    "Admins connect Enphase, delete activations and decide who works here. Installers create and "
    "change activations. Viewers look."
)


class MemberForm(forms.Form):
    """A role, for the whole company or for one of its branches."""

    role = forms.ChoiceField(choices=Membership.Role, label="Role", help_text=ROLE_HELP)
    branch = forms.ModelChoiceField(
        Company.objects.none(),
        required=False,
        label="Branch",
        empty_label="All branches",
        help_text="Limits what the person sees. Admins work for the whole company.",
    )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branch"].queryset = company.branches.all()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("role") == Membership.Role.ADMIN and cleaned.get("branch"):
            self.add_error("branch", "An admin works for the whole company. Choose all branches.")
        return cleaned


class NewMemberForm(MemberForm):
    """An existing portal user by e-mail, and their role."""

    email = forms.EmailField(
        label="E-mail",
        help_text="The address the person signs in to Ridgeline with.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["email", "role", "branch"]
