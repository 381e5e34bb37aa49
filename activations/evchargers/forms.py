"""What people say before a charger is started."""

from typing import Any

from django import forms

from portal.ui.forms import Affixed


class ChargingForm(forms.Form):
    """A level for a start; stopping asks nothing."""

    level = forms.IntegerField(
        label="Charging level",
        min_value=0,
        max_value=100,
        initial=100,
        widget=Affixed({"inputmode": "numeric"}, suffix="%"),
        help_text="Of the charger's highest current.",
        error_messages={
            "required": "Enter a level from 0 to 100.",
            "invalid": "Enter a whole number from 0 to 100.",
            "min_value": "Enter a level from 0 to 100.",
            "max_value": "Enter a level from 0 to 100.",
        },
    )

    def __init__(self, *args: Any, start: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not start:
            del self.fields["level"]
