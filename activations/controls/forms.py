"""Forms of a site's battery and loads. `wanted()` is what is to be set, as requests have it."""

from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from activations.controls import rules
from enphase.records.config import BATTERY_MODES
from portal.ui.forms import Affixed, ChoiceCards, Switch

Values = dict[str, Any]


class PermittedCards(ChoiceCards):
    """Choice cards of which some cannot be chosen: `barred` says why, in the place of the hint."""

    barred: dict[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if why := self.barred.get(str(value)):
            option["attrs"]["disabled"] = True
            option["hint"] = why
        return option


class SettingForm(forms.Form):
    """One thing that is set: the form's prefix is the `part` of the page it belongs to."""

    part = ""
    labels: dict[str, str] = {}

    def __init__(self, *args: Any, base: Values, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "prefix": self.part})
        self.base = base

    def wanted(self) -> Values:
        raise NotImplementedError

    def unchecked(self) -> None:
        """Back at the form with what was typed, and no complaints."""
        self._errors = ErrorDict()
        self.cleaned_data = {}


class ModeForm(SettingForm):
    """What the battery may do with the grid."""

    part = "mode"
    labels = rules.MODE_LABELS
    cfg = forms.BooleanField(
        label="May charge from the grid (CFG)",
        required=False,
        help_text="The battery fills up with bought electricity too, for savings or for a storm.",
        widget=Switch(),
    )
    dtg = forms.BooleanField(
        label="May discharge to the grid (DTG)",
        required=False,
        help_text="The battery exports what it has stored. The home owner is paid as agreed.",
        widget=Switch(),
    )

    def __init__(
        self, *args: Any, base: Values, barred: rules.Barred | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, base=base, initial=base, **kwargs)
        self.barred = barred or {}
        for name, why in self.barred.items():
            self.fields[name].help_text = why
            # What is on against the agreement can be turned off, and not on again.
            self.fields[name].disabled = not base[name]

    def clean(self) -> Values:
        cleaned: Values = super().clean() or self.cleaned_data
        for name, why in self.barred.items():
            if cleaned.get(name) and not self.initial[name]:
                self.add_error(name, why)
        return cleaned

    def wanted(self) -> Values:
        return {name: bool(self.cleaned_data[name]) for name in rules.MODE_LABELS}


class SettingsForm(SettingForm):
    """Profile, reserve, and what Savings Mode does after the peak."""

    part = "settings"
    labels = rules.SETTINGS_LABELS
    battery_mode = forms.ChoiceField(
        label="Battery mode",
        choices=[(mode, mode) for mode in BATTERY_MODES],
        widget=PermittedCards(hints=rules.PROFILE_HINTS),
        error_messages={"required": "Choose a battery mode."},
    )
    reserve_soc = forms.IntegerField(
        label="Reserve",
        widget=Affixed(suffix="%", attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Enter the reserve in percent.",
            "invalid": "Enter the reserve as a whole number of percent.",
        },
    )
    energy_independence = forms.BooleanField(
        label="Energy independence after the peak",
        required=False,
        help_text="In Savings Mode only: once the dear hours are over, the battery goes on feeding "
        "the home down to the reserve.",
        widget=Switch(),
    )

    def __init__(
        self,
        *args: Any,
        base: Values,
        lowest: int = 0,
        barred: rules.Barred | None = None,
        **kwargs: Any,
    ) -> None:
        initial = {**base, "energy_independence": base["energy_independence"] == "enabled"}
        super().__init__(*args, base=base, initial=initial, **kwargs)
        self.lowest = lowest
        self.barred = {
            mode: why for mode, why in (barred or {}).items() if mode != base["battery_mode"]
        }
        cards = self.fields["battery_mode"].widget
        assert isinstance(cards, PermittedCards)
        cards.barred = self.barred
        self.fields[
            "reserve_soc"
        ].help_text = (
            f"Kept for an outage: {lowest} to 100 %. In Full Backup the battery stays full anyway."
        )

    def clean_battery_mode(self) -> str:
        mode: str = self.cleaned_data["battery_mode"]
        if mode in self.barred:
            raise forms.ValidationError(f"{mode}: {self.barred[mode]}")
        return mode

    def clean_reserve_soc(self) -> int:
        reserve: int = self.cleaned_data["reserve_soc"]
        if reserve < self.lowest:
            raise forms.ValidationError(
                f"Enter {self.lowest} % or more. Below that the battery switches itself off."
            )
        if reserve > 100:
            raise forms.ValidationError("Enter 100 % or less.")
        return reserve

    def wanted(self) -> Values:
        """Energy independence only goes along where it means something."""
        wanted = {name: self.cleaned_data[name] for name in ("battery_mode", "reserve_soc")}
        if wanted["battery_mode"] == rules.SAVINGS:
            on = self.cleaned_data["energy_independence"]
            wanted["energy_independence"] = "enabled" if on else "disabled"
        return wanted


class StormForm(SettingForm):
    """Storm Guard is asked for with one button, on or off."""

    part = "storm"
    labels = rules.STORM_LABELS
    storm_guard_status = forms.ChoiceField(
        choices=[("enabled", "Enabled"), ("disabled", "Disabled")], widget=forms.HiddenInput()
    )

    def __init__(self, *args: Any, base: Values, **kwargs: Any) -> None:
        opposite = "disabled" if base["storm_guard_status"] == "enabled" else "enabled"
        super().__init__(*args, base=base, initial={"storm_guard_status": opposite}, **kwargs)

    def wanted(self) -> Values:
        return {"storm_guard_status": self.cleaned_data["storm_guard_status"]}


class ContactForm(SettingForm):
    """When a dry contact gives power to its load."""

    part = "contact"
    labels = rules.CONTACT_LABELS
    mode = forms.ChoiceField(
        label="Mode",
        widget=ChoiceCards(hints={mode: hint for mode, (_, hint) in rules.LOAD_MODES.items()}),
        choices=[(mode, label) for mode, (label, _) in rules.LOAD_MODES.items()],
        error_messages={"required": "Choose a mode."},
    )
    soc_low = forms.IntegerField(
        label="Off below",
        required=False,
        help_text="Charge of the battery, 10 to 90 %. "
        "Enphase sets by itself at which charge it goes on again.",
        widget=Affixed(suffix="%", attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": "Enter the charge as a whole number of percent."},
    )
    essential_start_time = forms.TimeField(
        label="On from",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Enter a time such as 09:00."},
    )
    essential_end_time = forms.TimeField(
        label="Off from",
        required=False,
        help_text="00:00 is the end of the day.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Enter a time such as 16:00."},
    )

    def __init__(self, *args: Any, base: Values, **kwargs: Any) -> None:
        initial = {
            "mode": base["mode"],
            "soc_low": base["soc_low"],
            "essential_start_time": rules.time_of(base["essential_start_time"]),
            "essential_end_time": rules.time_of(base["essential_end_time"]),
        }
        super().__init__(*args, base=base, initial=initial, **kwargs)

    def clean(self) -> Values:
        cleaned: Values = super().clean() or self.cleaned_data
        mode = cleaned.get("mode")
        if mode == rules.BATTERY_POWERED and "soc_low" not in self.errors:
            low = cleaned.get("soc_low")
            if low is None or not 10 <= low <= 90:
                self.add_error("soc_low", "Enter a charge from 10 to 90 %. This mode needs it.")
        if mode == rules.SCHEDULED:
            self._check_times(cleaned)
        return cleaned

    def _check_times(self, cleaned: Values) -> None:
        names = ("essential_start_time", "essential_end_time")
        for name in names:
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, f"Enter a time. {rules.LOAD_MODES['Scheduled'][0]} needs it.")
        start, end = (cleaned.get(name) for name in names)
        if start is not None and start == end:
            self.add_error("essential_end_time", "Enter another time than the one before.")

    def wanted(self) -> Values:
        return rules.needed(
            {
                "mode": self.cleaned_data["mode"],
                "soc_low": self.cleaned_data.get("soc_low"),
                "essential_start_time": self._seconds("essential_start_time"),
                "essential_end_time": self._seconds("essential_end_time"),
            }
        )

    def _seconds(self, name: str) -> int | None:
        """Seconds after midnight; what was not touched stays as it is, to the second."""
        moment, was = self.cleaned_data.get(name), self.base[name]
        if moment is None:
            return None
        known = rules.time_of(was)
        if known is not None and known.replace(second=0) == moment:
            return int(was)
        # Midnight as an end is the end of the day.
        return rules.seconds_of(moment) or (rules.DAY if name == "essential_end_time" else 0)
