"""What people say about a meter."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone

# Enphase was founded then.
FIRST_DAY = date(2006, 1, 1)


class SwitchForm(forms.Form):
    """Turning a meter off takes a reason; turning it on does not."""

    reason = forms.CharField(
        label="Reason",
        max_length=200,
        help_text="Kept in the history, with your name.",
        error_messages={"required": "Say why the meter is turned off."},
    )

    def __init__(self, *args: Any, turn_on: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if turn_on:
            del self.fields["reason"]


class DateForm(forms.Form):
    day = forms.DateField(
        label="Operational since",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="From this day on the meter's values count.",
        error_messages={
            "required": "Enter the day from which on the meter counts.",
            "invalid": "Enter a day such as 2026-03-14.",
        },
    )

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        # The site may be a day ahead of the server.
        if day > timezone.localdate() + timedelta(days=1):
            raise forms.ValidationError("The day is in the future.")
        if day < FIRST_DAY:
            raise forms.ValidationError("The day is before there were such meters.")
        return day
