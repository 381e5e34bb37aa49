from django import forms


class DecisionForm(forms.Form):
    """Why a person decides what the machine may not."""

    reason = forms.CharField(
        label="Reason",
        max_length=200,
        strip=True,
        help_text="Kept in the history, with your name.",
        error_messages={"required": "Say why, in a few words."},
    )
