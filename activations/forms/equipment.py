"""Equipment: gateways, expected counts, modules and how they are mounted."""

import re
from typing import Any

from django import forms

from activations import jurisdiction, values
from activations.forms.group import FormData, GroupForm, facts_of, offer
from portal.ui.forms import Affixed

SERIAL_DIGITS = 12
MAX_SERIALS = 50


class SerialsField(forms.CharField):
    """Many serials in one field, one a line or however they were pasted; 12 digits each."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=True, **kwargs)

    def clean(self, value: Any) -> list[str]:
        serials = split_serials(super().clean(value))
        wrong = [text for text in serials if not re.fullmatch(rf"\d{{{SERIAL_DIGITS}}}", text)]
        if len(wrong) == 1:
            raise forms.ValidationError(
                f"A gateway serial has {SERIAL_DIGITS} digits, and {wrong[0][:40]} has not."
            )
        if wrong:
            shown = ", ".join(text[:20] for text in wrong[:3])
            raise forms.ValidationError(
                f"A gateway serial has {SERIAL_DIGITS} digits. Check these: {shown}."
            )
        if len(serials) > MAX_SERIALS:
            raise forms.ValidationError(f"Enter at most {MAX_SERIALS} serials.")
        return serials

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


def split_serials(text: str) -> list[str]:
    """Serials out of whatever was pasted: lines, commas, groups of four ("2023 1407 1152")."""
    found: list[str] = []
    for line in re.split(r"[\n\r,;|\t]+", text or ""):
        words = [re.sub(r"[\-.:]", "", word) for word in line.split()]
        words = [word for word in words if word]
        whole = "".join(words)
        if any(len(word) >= SERIAL_DIGITS for word in words) or not whole.isdigit():
            found += words
        elif whole:
            # Groups of four, of one serial or of several on a line.
            step = SERIAL_DIGITS
            found += [whole[start : start + step] for start in range(0, len(whole), step)]
    return list(dict.fromkeys(found))


def _count(label: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=100_000,
        widget=forms.NumberInput(attrs={"class": "input--num", "inputmode": "numeric"}),
    )


class EquipmentForm(GroupForm):
    """Gateways, what is expected to be there, PV module, array and attachment."""

    turns = ("pv_manufacturer",)
    wire = (
        "envoy_serial_numbers",
        *values.COUNTS,
        "pv_manufacturer",
        "pv_manufacturer_name",
        "pv_model",
        "pv_model_name",
        "pv_module_power_rating",
        "pv_module_type",
        "array_type",
        "attachment_type",
    )

    envoy_serial_numbers = SerialsField(
        label="Gateway serials",
        help_text="12 digits each, on the label under the cover. Paste as many as you have.",
        widget=forms.Textarea(
            attrs={"rows": 3, "inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    expected_envoy_count = _count("Gateways")
    expected_pcu_count = _count("Microinverters")
    expected_meter_count = _count("Meters")
    expected_encharge_count = _count("Encharge")
    expected_enpower_count = _count("Enpower")
    expected_acb_count = _count("AC Batteries")
    expected_nsr_count = _count("Q Relays")
    battery_grid_mode = forms.TypedChoiceField(
        label="What the battery may do with the grid",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", "No battery"),
            *((code, text) for code, text in values.BATTERY_GRID_MODES.items()),
        ],
        help_text="Needed in California as soon as a Net Billing site has a battery.",
    )
    pv_manufacturer = forms.TypedChoiceField(
        label="Module maker", required=False, coerce=int, empty_value=None
    )
    pv_manufacturer_name = forms.CharField(
        label="Maker, when it is not in the list", required=False, max_length=255
    )
    pv_model = forms.TypedChoiceField(label="Module", required=False, coerce=int, empty_value=None)
    pv_model_name = forms.CharField(
        label="Module, when it is not in the list", required=False, max_length=255
    )
    pv_module_power_rating = forms.DecimalField(
        label="Module power",
        required=False,
        min_value=1,
        max_value=2000,
        max_digits=6,
        decimal_places=1,
        widget=Affixed(attrs={"inputmode": "decimal"}, suffix="W"),
    )
    pv_module_type = forms.TypedChoiceField(
        label="Module type",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "Not known"), *values.MODULE_TYPES.items()],
    )
    array_type = forms.ChoiceField(
        label="Array type",
        required=False,
        choices=[("", "Not known"), *values.ARRAY_TYPES.items()],
    )
    attachment_type = forms.ChoiceField(
        label="Attachment",
        required=False,
        choices=[("", "Not known"), *values.ATTACHMENT_TYPES.items()],
    )

    def __init__(
        self,
        *args: Any,
        makers: list[tuple[int, str]] | None = None,
        modules: list[tuple[int, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.makers, self.modules = makers or [], modules or []
        super().__init__(*args, **kwargs)

    @property
    def counts(self) -> list[Any]:
        return [self[name] for name in values.COUNTS]

    def arrange(self) -> None:
        offer(self, "pv_manufacturer", [("", "Not in the list"), *self.makers])
        offer(self, "pv_model", [("", "Not in the list"), *self.modules])
        if not self.modules:
            del self.fields["pv_model"]
        if self.typed("pv_manufacturer"):
            del self.fields["pv_manufacturer_name"]
        facts = facts_of(self.around, self.company)
        nem3 = facts.in_california and facts.grid_connection_type == jurisdiction.NET_BILLING
        if not (self.editing and nem3):
            # A new site answers this on the grid page, where its connection type is asked.
            del self.fields["battery_grid_mode"]

    def clean(self) -> FormData:
        cleaned: FormData = super().clean() or self.cleaned_data
        if "battery_grid_mode" in self.fields:
            battery = cleaned.get("expected_encharge_count") or cleaned.get("expected_acb_count")
            if battery and not cleaned.get("battery_grid_mode"):
                self.add_error(
                    "battery_grid_mode",
                    "Choose what the battery may do with the grid. California sites need it.",
                )
            elif not battery:
                cleaned["battery_grid_mode"] = None
        if cleaned.get("pv_model") and cleaned.get("pv_model_name"):
            self.add_error("pv_model_name", "Choose a module or type its name, not both.")
        return cleaned

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        serials = kept.get("envoy_serial_numbers") or []
        result: dict[str, Any] = {"envoy_serial_numbers": serials}
        for name in values.COUNTS:
            result[name] = kept.get(name)
        if result["expected_envoy_count"] is None and serials:
            result["expected_envoy_count"] = len(serials)
        maker, module = kept.get("pv_manufacturer"), kept.get("pv_model")
        result["pv_manufacturer"], result["pv_model"] = maker, module if maker else None
        if not maker:
            result["pv_manufacturer_name"] = kept.get("pv_manufacturer_name") or None
        if not result["pv_model"]:
            result["pv_model_name"] = kept.get("pv_model_name") or None
        for name in ("pv_module_power_rating", "pv_module_type"):
            result[name] = kept.get(name)
        for name in ("array_type", "attachment_type"):
            result[name] = kept.get(name) or None
        if "battery_grid_mode" in kept:
            result["battery_grid_mode"] = kept["battery_grid_mode"]
        return result

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        names = (
            "envoy_serial_numbers",
            *values.COUNTS,
            "pv_manufacturer",
            "pv_model",
            "pv_module_power_rating",
            "pv_module_type",
            "array_type",
            "attachment_type",
            "battery_grid_mode",
        )
        initial = {name: known.get(name) for name in names}
        # Enphase repeats the names of what is in its lists; only own names belong in the fields.
        if not known.get("pv_manufacturer"):
            initial["pv_manufacturer_name"] = known.get("pv_manufacturer_name")
        if not known.get("pv_model"):
            initial["pv_model_name"] = known.get("pv_model_name")
        return initial
