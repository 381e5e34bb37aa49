"""People: owner, host and subcontractor of a new site."""

from typing import Any

from django import forms

from activations.forms.group import FormData, GroupForm, offer


class PeopleForm(GroupForm):
    """Owner by e-mail, host of a leased site, one subcontractor. For new sites only.

    `found` is what look-ups said so far: {"owner": {"email", "user_id" or None, "name"}}.
    """

    turns = ("lease",)

    owner_email = forms.EmailField(
        label="Owner's e-mail",
        required=False,
        help_text="Can wait. Without an owner the site stays in stage 1.",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    owner_first_name = forms.CharField(label="First name", required=False, max_length=255)
    owner_last_name = forms.CharField(label="Last name", required=False, max_length=255)
    owner_phone = forms.CharField(
        label="Phone",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    lease = forms.BooleanField(label="The system is leased", required=False)
    host_email = forms.EmailField(
        label="Host's e-mail",
        required=False,
        help_text="The person who lives where a leased system stands.",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    host_first_name = forms.CharField(label="First name", required=False, max_length=255)
    host_last_name = forms.CharField(label="Last name", required=False, max_length=255)
    host_phone = forms.CharField(
        label="Phone",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    authorized_subcontractor_id = forms.TypedChoiceField(
        label="Subcontractor",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="The owner has to approve. Enphase lets nobody take a subcontractor off again.",
    )

    def __init__(self, *args: Any, found: FormData | None = None, **kwargs: Any) -> None:
        self.found = found or {}
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        choices = [
            (other.enphase_id, other.name)
            for other in self.company.subcontractors.filter(enabled=True)
        ]
        offer(self, "authorized_subcontractor_id", [("", "Nobody"), *choices])
        if not choices:
            del self.fields["authorized_subcontractor_id"]
        for role in ("owner", "host"):
            if self.person(role).get("user_id"):
                for part in ("first_name", "last_name", "phone"):
                    del self.fields[f"{role}_{part}"]
            elif self.person(role):
                # Looked for and not found: now the name is wanted.
                for part in ("first_name", "last_name"):
                    self.fields[f"{role}_{part}"].required = True
                    self.fields[f"{role}_{part}"].error_messages["required"] = (
                        f"Enter the {role}'s {part.replace('_', ' ')}, "
                        f"or find the {role} by e-mail first."
                    )
        if not self.is_leased:
            for name in [name for name in self.fields if name.startswith("host_")]:
                del self.fields[name]

    @property
    def is_leased(self) -> bool:
        return self.typed("lease").lower() in ("on", "true", "1", "yes")

    def person(self, role: str) -> FormData:
        """What the last look-up said about the e-mail address typed now; {} for another one."""
        email = self.typed(f"{role}_email").strip().lower()
        found: FormData = self.found.get(role) or {}
        return found if email and found.get("email") == email else {}

    @property
    def owner(self) -> FormData:
        return self.person("owner")

    @property
    def host(self) -> FormData:
        return self.person("host")

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        for role in ("owner", "host"):
            email_field = f"{role}_email"
            if email_field not in self.fields or email_field in self.errors:
                continue
            named = [cleaned.get(f"{role}_{part}") for part in ("first_name", "last_name")]
            if not cleaned.get(email_field):
                if any(named):
                    self.add_error(email_field, f"Enter the {role}'s e-mail address.")
                continue
            cleaned[email_field] = cleaned[email_field].lower()
            if self.person(role).get("user_id"):
                continue
            for part, label in (("first_name", "first name"), ("last_name", "last name")):
                if not cleaned.get(f"{role}_{part}") and f"{role}_{part}" not in self.errors:
                    self.add_error(
                        f"{role}_{part}",
                        f"Enter the {role}'s {label}, or find the {role} by e-mail first.",
                    )
        return cleaned

    def kept(self) -> FormData:
        return {**super().kept(), "found": self.found}

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        ids: dict[str, Any] = {}
        for role in ("owner", "host"):
            person = new_person(kept, role)
            ids[f"{role}_id"] = person["user_id"] if person else None
        return {
            "lease": bool(kept.get("lease")),
            **ids,
            "authorized_subcontractor_id": kept.get("authorized_subcontractor_id"),
        }


def new_person(kept: FormData, role: str) -> FormData | None:
    """Owner or host as kept in a draft: e-mail, names, and the id if a look-up found one."""
    email = (kept.get(f"{role}_email") or "").lower()
    if not email or (role == "host" and not kept.get("lease")):
        return None
    found: FormData = (kept.get("found") or {}).get(role) or {}
    same = found.get("email") == email
    return {
        "email": email,
        "user_id": found.get("user_id") if same else None,
        "name": found.get("name", "") if same else "",
        "first_name": kept.get(f"{role}_first_name") or "",
        "last_name": kept.get(f"{role}_last_name") or "",
        "phone": kept.get(f"{role}_phone") or "",
    }
