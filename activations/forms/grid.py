"""Grid: profile, connection, permission to operate."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from activations import jurisdiction, values
from activations.catalog import services as catalog
from activations.catalog.models import GridProfile
from activations.forms.group import YES_NO, FormData, GroupForm, as_yes_no, facts_of, offer, yes_no
from activations.jurisdiction import Facts
from activations.search import fold, words_of

# A shorter choice is read faster than searched.
WORTH_SEARCHING = 6


class GridForm(GroupForm):
    """Grid profile, the questions of the place, permission to operate and its dates."""

    turns = (
        "grid_connection_type",
        "third_party_storage_device_installed",
        "permission_to_operate",
        # The profiles that are offered follow it.
        "voltage",
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

    # Narrows the choice below; with htmx while it is typed, without script by a button.
    profile_search = forms.CharField(
        label="Find a profile",
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
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

    def __init__(self, *args: Any, profiles: catalog.Offer, **kwargs: Any) -> None:
        self.offer = profiles
        super().__init__(*args, **kwargs)

    def redraw_at(self, url: str) -> None:
        super().redraw_at(url)
        if "profile_search" in self.fields:
            self.fields["profile_search"].widget.attrs |= {
                "hx-post": url,
                "hx-vals": '{"do": "redraw"}',
                "hx-trigger": "input changed delay:300ms",
                # Only the choice: the field that is being typed into stays.
                "hx-target": "#profile-choice",
                "hx-select": "#profile-choice",
                "hx-swap": "outerHTML",
                "hx-sync": "closest form:replace",
            }

    def arrange(self) -> None:
        self._offer_profiles()
        facts = self.facts_now()
        offered = jurisdiction.shown(facts)
        always = {"profile_search", "grid_profile", "permission_to_operate"}
        for name in list(self.fields):
            if name not in offered and name not in always:
                del self.fields[name]
        for name in jurisdiction.required(facts):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = jurisdiction.MISSING[name]

    def _offer_profiles(self) -> None:
        """The fitting profiles that the words find; the one that is set is always among them."""
        volts = self.typed("voltage")
        if volts != self.offer.place.voltage and self.facts_now().asks_voltage:
            place = replace(self.offer.place, voltage=volts)
            self.offer = catalog.offer_of(self.company, place)
        if len(self.offer.fitting) + len(self.offer.older) < WORTH_SEARCHING:
            del self.fields["profile_search"]
        words = words_of(self.typed("profile_search"))
        state = [one for one in self.offer.fitting if one.states]
        groups = {
            f"Made for {self.offer.place.state}" if self.offer.place.state else "By state": state,
            "For every state": [one for one in self.offer.fitting if not one.states],
            "Older versions": self.offer.older,
        }
        if not state:
            groups = {"Newest versions": self.offer.fitting, "Older versions": self.offer.older}
        choices: list[Any] = [("", "Choose later")]
        offered = set()
        for label, profiles in groups.items():
            found = [
                (one.enphase_id, _named(one))
                for one in profiles
                if all(
                    word in fold(f"{one.name} {one.version} {one.description}") for word in words
                )
            ]
            offered |= {enphase_id for enphase_id, _ in found}
            if found:
                choices.append((label, found))
        self.found = len(offered)
        current = self.typed("grid_profile")
        if current and current not in offered and self._may_keep(current):
            choices.insert(1, ("Chosen now", [(current, self._chosen(current))]))
        offer(self, "grid_profile", choices)

    def _may_keep(self, enphase_id: str) -> bool:
        """What the site has, and what a search has just hidden. Nothing made up."""
        return enphase_id in self.offer.everything or enphase_id in (
            self.initial.get("grid_profile"),
            self.around.get("grid_profile"),
        )

    def _chosen(self, enphase_id: str) -> str:
        profile = self.offer.everything.get(enphase_id)
        if profile is None:
            return f"{enphase_id} (not in the catalogue)"
        why = catalog.why_unfit(profile, self.offer.place)
        return f"{_named(profile)} ({why})" if why else _named(profile)

    @property
    def newer(self) -> str:
        """The newer version of the chosen profile, in words; "" without one."""
        found = self.offer.newer_than(self.typed("grid_profile"))
        return _named(found) if found else ""

    @property
    def left_out(self) -> list[str]:
        """How many profiles are not offered, by reason: "4 not fit for batteries"."""
        return [f"{count} {why}" for why, count in self.offer.left_out.items()]

    def kept(self) -> FormData:
        """What was searched for is no answer."""
        return {name: value for name, value in super().kept().items() if name != "profile_search"}

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


def _named(profile: GridProfile) -> str:
    return f"{profile.name}, version {profile.version}" if profile.version else profile.name
