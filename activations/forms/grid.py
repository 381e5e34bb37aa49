"""Grid: profile, connection, permission to operate."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from activations import jurisdiction, values
from activations.forms.group import YES_NO, FormData, GroupForm, as_yes_no, facts_of, offer, yes_no
from activations.jurisdiction import Facts


class GridForm(GroupForm):
    """Grid profile, the questions of the place, permission to operate and its dates."""

    turns = (
        "grid_connection_type",
        "third_party_storage_device_installed",
        "permission_to_operate",
    )
    wire = (
        "grid_profile",
        "grid_connection_type",
        "battery_grid_mode",
        "third_party_storage_device_installed",
        "third_party_storage_device_manufacturer",
        "permission_to_operate",
        "operational",
        "interconnection_application_date",
        "interconnect_date",
        "voltage",
    )

    grid_profile = forms.ChoiceField(label="Grid profile", required=False)
    grid_connection_type = forms.TypedChoiceField(
        label="Grid connection type",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", "Choose one"),
            *((code, text) for code, text in values.GRID_CONNECTION_TYPES.items()),
        ],
        help_text="How the utility bills what is fed in. It is on the interconnection agreement.",
    )
    battery_grid_mode = forms.TypedChoiceField(
        label="What the battery may do with the grid",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            (1, "Import only: charges from the grid, never exports"),
            (2, "Export only: charges from the panels, may export"),
        ],
        widget=forms.RadioSelect(),
    )
    third_party_storage_device_installed = forms.ChoiceField(
        label="Is a battery of another maker installed?", required=False, choices=YES_NO
    )
    third_party_storage_device_manufacturer = forms.ChoiceField(
        label="Who made that battery?",
        required=False,
        choices=[("", "Choose one"), *((maker, maker) for maker in jurisdiction.STORAGE_MAKERS)],
    )
    permission_to_operate = forms.BooleanField(
        label="Permission to operate (PTO) is given",
        required=False,
        help_text="Until then the site stays off and counts as not operational.",
    )
    interconnection_application_date = forms.DateField(
        label="Interconnection application",
        required=False,
        help_text="The day the application went to the utility. It fixes the export rates.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    interconnect_date = forms.DateField(
        label="Approved to connect",
        required=False,
        help_text="The day the utility approved the connection, if it has.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    voltage = forms.CharField(
        label="Voltage and phase",
        required=False,
        max_length=40,
        help_text="Commercial sites in North America only, such as 208Y or 480Y.",
    )

    def __init__(
        self, *args: Any, profiles: list[tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        self.profiles = profiles or []
        super().__init__(*args, **kwargs)

    def arrange(self) -> None:
        choices = [("", "Choose later"), *self.profiles]
        current = self.typed("grid_profile")
        if current and current not in dict(choices):
            choices.append((current, f"{current} (not in the list for this place)"))
        offer(self, "grid_profile", choices)
        facts = self.facts_now()
        offered = jurisdiction.shown(facts)
        always = {"grid_profile", "permission_to_operate"}
        for name in list(self.fields):
            if name not in offered and name not in always:
                del self.fields[name]
        for name in jurisdiction.required(facts):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = jurisdiction.MISSING[name]

    def facts_now(self) -> Facts:
        """The facts with what is typed in this form right now."""
        typed = self.typed("grid_connection_type")
        return facts_of(
            {
                **self.around,
                "grid_connection_type": int(typed) if typed.isdecimal() else None,
                "third_party_storage_device_installed": yes_no(
                    self.typed("third_party_storage_device_installed")
                ),
                "permission_to_operate": self.typed("permission_to_operate").lower()
                in ("on", "true", "1"),
            },
            self.company,
        )

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        # Somewhere on earth it is tomorrow already.
        today = (timezone.now() + timedelta(hours=14)).date()
        found = jurisdiction.problems(cleaned, self.facts_now(), today)
        for name, sentence in found.items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, sentence)
        return cleaned

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        pto = bool(kept.get("permission_to_operate"))
        given = {
            "grid_profile": kept.get("grid_profile") or None,
            "grid_connection_type": kept.get("grid_connection_type"),
            "battery_grid_mode": kept.get("battery_grid_mode"),
            "third_party_storage_device_installed": yes_no(
                kept.get("third_party_storage_device_installed") or ""
            ),
            "third_party_storage_device_manufacturer": kept.get(
                "third_party_storage_device_manufacturer"
            ),
            "permission_to_operate": pto,
            "operational": pto,
            "interconnection_application_date": kept.get("interconnection_application_date"),
            "interconnect_date": kept.get("interconnect_date"),
            "voltage": kept.get("voltage"),
        }
        facts = facts_of({**around, **given}, company)
        sent = jurisdiction.passed(given, facts)
        return {name: sent.get(name) for name in given}

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        names = (
            "grid_profile",
            "grid_connection_type",
            "battery_grid_mode",
            "third_party_storage_device_manufacturer",
            "permission_to_operate",
            "interconnection_application_date",
            "interconnect_date",
            "voltage",
        )
        return {
            **{name: known.get(name) for name in names},
            "third_party_storage_device_installed": as_yes_no(
                known.get("third_party_storage_device_installed")
            ),
        }
