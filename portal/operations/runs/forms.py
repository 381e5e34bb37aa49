"""What is asked before a run starts, and before an admin sends one back."""

from typing import Any

from django import forms

from portal.operations.models import Run
from portal.operations.runs.services import needs_typed_count


class StartForm(forms.Form):
    """The number typed, for big runs and for what stops production; and why."""

    count = forms.IntegerField(
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=200,
        help_text="Kept in the history of every system, with your name.",
        error_messages={"required": "Say why, in a few words."},
    )

    def __init__(self, data: Any = None, *, run: Run) -> None:
        super().__init__(data)
        self.run = run
        if needs_typed_count(run):
            field = self.fields["count"]
            field.label = f"Type {run.changes} to confirm"
            field.error_messages |= {
                "required": f"Type the number of systems: {run.changes}.",
                "invalid": f"Type the number of systems: {run.changes}.",
            }
        else:
            del self.fields["count"]
        self.fields["reason"].required = run.careful

    def clean_count(self) -> int:
        count = int(self.cleaned_data["count"])
        if count != self.run.changes:
            raise forms.ValidationError(
                f"The run would change {self.run.systems}. Type {self.run.changes}."
            )
        return count


class ReturnForm(forms.Form):
    reason = forms.CharField(
        label="Why not",
        max_length=200,
        help_text="Shown to the person who asked.",
        error_messages={"required": "Say why, in a few words."},
    )
