"""What people type about an estimate."""

from decimal import Decimal
from typing import Any

from django import forms

from activations.estimates.amounts import MOST_KWH, Unreadable, read_amount, text_of, tidy
from activations.estimates.reads import MONTH_NAMES
from activations.estimates.sunlight import MONTHS
from portal.ui.forms import Affixed

MONTH_FIELDS = [f"month_{number}" for number in range(1, MONTHS + 1)]


class Amount(forms.Field):
    """A number as people write it: 1,234.5 or 1.234,5. Empty is None."""

    def __init__(
        self, *, low: Decimal | None = None, high: Decimal | None = None, **kwargs: Any
    ) -> None:
        kwargs.setdefault("widget", forms.TextInput())
        super().__init__(**kwargs)
        self.low, self.high = low, high
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            number = read_amount(text[:40])
        except Unreadable as error:
            raise forms.ValidationError(str(error)) from error
        if self.low is not None and number < self.low:
            raise forms.ValidationError(f"At least {self.low:f}.")
        if self.high is not None and number > self.high:
            raise forms.ValidationError(f"At most {self.high:,f}.")
        return number

    def prepare_value(self, value: Any) -> Any:
        return text_of(tidy(value)) if isinstance(value, Decimal) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != data


class Whole(Amount):
    """A number without decimals."""

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        if number is None:
            return None
        if number != number.to_integral():
            raise forms.ValidationError("Enter a whole number.")
        return int(number)


class EstimateForm(forms.Form):
    """Twelve months in kWh, all or none, and the loss a year."""

    degrade_factor = Amount(
        label="Yearly loss",
        widget=Affixed(suffix="%"),
        low=Decimal(0),
        high=Decimal(100),
        help_text="How much less the modules yield with each year. 0.5 is usual.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, month in zip(MONTH_FIELDS, MONTH_NAMES, strict=True):
            self.fields[name] = Amount(
                label=month,
                required=False,
                high=MOST_KWH,
                widget=forms.TextInput(
                    attrs={"class": "input--num", "aria-label": f"{month}, kWh"}
                ),
            )

    @property
    def month_fields(self) -> list[Any]:
        return [self[name] for name in MONTH_FIELDS]

    @property
    def typed(self) -> list[Decimal | None]:
        """The months as far as they can be read; for drawing what is not valid yet."""
        values: list[Decimal | None] = []
        for name in MONTH_FIELDS:
            text = self[name].value()
            try:
                value = read_amount(str(text)) if text not in (None, "") else None
            except Unreadable:
                value = None
            values.append(value if value is not None and 0 < value <= MOST_KWH else None)
        return values

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, month in zip(MONTH_FIELDS, MONTH_NAMES, strict=True):
            value = cleaned.get(name)
            if value is not None and value <= 0:
                self.add_error(name, f"{month} must be above 0 kWh.")
        if self.errors:
            return cleaned
        missing = [name for name in MONTH_FIELDS if cleaned.get(name) is None]
        if 0 < len(missing) < MONTHS:
            for name in missing:
                month = MONTH_NAMES[MONTH_FIELDS.index(name)]
                self.add_error(name, f"Enter {month} too, or leave all months empty.")
            return cleaned
        cleaned["months"] = [] if missing else [tidy(cleaned[name]) for name in MONTH_FIELDS]
        return cleaned


class YearlyForm(forms.Form):
    yearly = Amount(
        label="A yearly figure",
        low=Decimal(12),
        high=MOST_KWH,
        widget=Affixed(suffix="kWh"),
        error_messages={"required": "Enter how much the site yields in a year."},
    )


class PasteForm(forms.Form):
    pasted = forms.CharField(
        label="Twelve values, January first",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        error_messages={"required": "Paste twelve values, January first."},
    )


class AssumptionsForm(forms.Form):
    """What a proposal is worked out from, besides the arrays."""

    latitude = Amount(
        label="Latitude",
        low=Decimal(-66),
        high=Decimal(66),
        widget=Affixed(suffix="°"),
        help_text="North of the equator; south is negative.",
    )
    longitude = Amount(
        label="Longitude",
        low=Decimal(-180),
        high=Decimal(180),
        widget=Affixed(suffix="°"),
        help_text="East of Greenwich; west is negative.",
    )
    module_w = Amount(
        label="Module power", low=Decimal(50), high=Decimal(1000), widget=Affixed(suffix="W")
    )
    performance_percent = Amount(
        label="Performance",
        low=Decimal(30),
        high=Decimal(100),
        widget=Affixed(suffix="%"),
        help_text="What is left after heat, dirt, wires and conversion.",
    )
    shading_percent = Amount(
        label="Shading",
        low=Decimal(0),
        high=Decimal(90),
        widget=Affixed(suffix="%"),
        help_text="Lost to trees, chimneys and the horizon.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, month in zip(MONTH_FIELDS, MONTH_NAMES, strict=True):
            self.fields[name] = Amount(
                label=month,
                low=Decimal(5),
                high=Decimal(100),
                widget=forms.TextInput(
                    attrs={"class": "input--num", "aria-label": f"Clearness in {month}, percent"}
                ),
            )

    @property
    def month_fields(self) -> list[Any]:
        return [self[name] for name in MONTH_FIELDS]

    @property
    def first_fields(self) -> list[Any]:
        return [self[name] for name in self.fields if name not in MONTH_FIELDS]


class PlaneForm(forms.Form):
    """Modules that look one way."""

    label = forms.CharField(label="Array", max_length=80, required=False, widget=forms.TextInput())
    azimuth = Amount(
        label="Azimuth",
        low=Decimal(0),
        high=Decimal(360),
        widget=Affixed(suffix="°"),
        error_messages={"required": "Enter the azimuth: 180 is south, 0 north."},
    )
    tilt = Amount(
        label="Tilt",
        low=Decimal(0),
        high=Decimal(90),
        widget=Affixed(suffix="°"),
        error_messages={"required": "Enter the tilt: 0 is flat."},
    )
    modules = Whole(
        label="Modules",
        low=Decimal(1),
        high=Decimal(20_000),
        error_messages={"required": "Enter how many modules."},
    )


PlaneFormSet = forms.formset_factory(
    PlaneForm, extra=0, min_num=1, validate_min=True, max_num=40, validate_max=True, can_delete=True
)
