"""The one plain form of the tariff pages; the editor reads its fields by their names."""

from django import forms


class TemplateNameForm(forms.Form):
    """What a company calls a tariff."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="Such as the utility and its plan: Bay TOU-C"
    )
