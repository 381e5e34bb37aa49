"""What is typed to connect a company."""

from django import forms


class ConnectForm(forms.Form):
    """The Enlighten sign-in. The password is never written back into the page."""

    username = forms.EmailField(
        label="Enlighten e-mail",
        help_text="Of a person who works for the company in Enlighten.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label="Enlighten password",
        help_text="Used once to ask Enphase for access, then forgotten.",
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
