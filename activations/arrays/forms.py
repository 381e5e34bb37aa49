"""What can be typed in the array builder."""

from decimal import Decimal
from typing import Any

from django import forms

from activations.arrays.actions import Shape
from activations.arrays.layout import (
    FARTHEST,
    LANDSCAPE,
    MOST_COLUMNS,
    MOST_ROWS,
    PORTRAIT,
    Plan,
    RoofArray,
    spaced,
)
from portal.ui.forms import Affixed


class ShapeForm(forms.Form):
    """An array: name, size, direction, gateway."""

    label = forms.CharField(
        label="Name", max_length=80, error_messages={"required": "An array needs a name."}
    )
    rows = forms.IntegerField(
        label="Rows",
        min_value=1,
        max_value=MOST_ROWS,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    columns = forms.IntegerField(
        label="Columns",
        min_value=1,
        max_value=MOST_COLUMNS,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    orientation = forms.ChoiceField(
        label="Modules",
        choices=[(PORTRAIT, "Portrait"), (LANDSCAPE, "Landscape")],
        widget=forms.RadioSelect,
    )
    azimuth = forms.IntegerField(
        label="Azimuth",
        min_value=0,
        max_value=360,
        widget=Affixed(attrs={"inputmode": "numeric"}, suffix="°"),
        error_messages={"required": "Enter the direction the array faces, 0 to 359."},
    )
    tilt = forms.DecimalField(
        label="Tilt",
        min_value=0,
        max_value=90,
        max_digits=4,
        decimal_places=1,
        widget=Affixed(attrs={"inputmode": "decimal"}, suffix="°"),
        error_messages={"required": "Enter the tilt, 0 for flat and 90 for upright."},
    )
    gateway = forms.ChoiceField(
        label="Gateway", error_messages={"required": "Choose the gateway that it reports to."}
    )

    def __init__(
        self, *args: Any, gateways: list[tuple[str, str]], array: RoofArray | None = None, **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        field = self.fields["gateway"]
        assert isinstance(field, forms.ChoiceField)
        choices = list(gateways)
        if array is not None and array.gateway and array.gateway not in dict(choices):
            choices.append((array.gateway, spaced(array.gateway)))
        if array is not None and array.rows > MOST_ROWS:
            self._allow("rows", array.rows)
        if array is not None and array.columns > MOST_COLUMNS:
            self._allow("columns", array.columns)
        field.choices = choices if len(choices) == 1 else [("", "Choose a gateway"), *choices]
        if not choices:
            field.choices = [("", "This site has no gateway")]
            field.required = False
            field.help_text = (
                "Enter the gateway under Equipment; the plan is sent once it is there."
            )

    def _allow(self, name: str, most: int) -> None:
        """An array that came larger from Enphase may stay so."""
        field = forms.IntegerField(
            label=self.fields[name].label,
            min_value=1,
            max_value=most,
            widget=self.fields[name].widget,
        )
        self.fields[name] = field

    def clean_azimuth(self) -> int:
        return int(self.cleaned_data["azimuth"]) % 360

    def shape(self) -> Shape:
        """What was typed, once it is valid."""
        data = self.cleaned_data
        tilt: Decimal = data["tilt"]
        return Shape(
            label=data["label"],
            rows=data["rows"],
            columns=data["columns"],
            orientation=LANDSCAPE if data["orientation"] == LANDSCAPE else PORTRAIT,
            azimuth=data["azimuth"],
            tilt=tilt.normalize() + 0,
            gateway=data["gateway"],
        )


def initial_of(array: RoofArray) -> dict[str, Any]:
    return {
        "label": array.label,
        "rows": array.rows,
        "columns": array.columns,
        "orientation": array.orientation,
        "azimuth": array.azimuth,
        "tilt": array.tilt,
        "gateway": array.gateway,
    }


def initial_of_next(plan: Plan, gateways: list[tuple[str, str]]) -> dict[str, Any]:
    """A new array looks like the last one, with a name of its own."""
    taken = {array.label.casefold() for array in plan.arrays}
    names = (f"Array {number}" for number in range(len(taken) + 1, 2 * len(taken) + 3))
    last = plan.arrays[-1] if plan.arrays else None
    return {
        "label": next(name for name in names if name.casefold() not in taken),
        "rows": 2,
        "columns": 8,
        "orientation": last.orientation if last else PORTRAIT,
        "azimuth": last.azimuth if last else 180,
        "tilt": last.tilt if last else None,
        "gateway": last.gateway if last else (gateways[0][0] if len(gateways) == 1 else ""),
    }


class PositionForm(forms.Form):
    """Where an array lies, in units of Enphase: a module is 100 wide and 200 high."""

    x = forms.IntegerField(
        label="x", min_value=-FARTHEST, max_value=FARTHEST, help_text="A module is 100 wide."
    )
    y = forms.IntegerField(
        label="y",
        min_value=-FARTHEST,
        max_value=FARTHEST,
        help_text="A module is 200 high; more is further up.",
    )


class ScanForm(forms.Form):
    text = forms.CharField(
        label="Serial numbers",
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 6, "inputmode": "text", "autocomplete": "off"}),
        help_text="One or many, with any separators. Spaces between groups of four are fine.",
        error_messages={"required": "Type, paste or scan a serial number."},
    )


class ImportForm(forms.Form):
    """A CSV file, or its text."""

    file = forms.FileField(label="CSV file", required=False)
    text = forms.CharField(
        label="Or paste its text",
        required=False,
        max_length=2_000_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        upload = cleaned.get("file")
        if upload is None and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError("Choose a file, or paste its text.")
        if upload is not None:
            if upload.size > 2_000_000:
                raise forms.ValidationError("The file is larger than 2 MB. Split it by array.")
            cleaned["text"] = _decoded(upload.read())
        return cleaned


def _decoded(content: bytes) -> str:
    """UTF-8, or what older spreadsheets write."""
    for encoding in (
        ("utf-8-sig", "utf-16") if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",)
    ):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", errors="replace")
