"""What the forms of a site have in common: a group of fields, kept as typed, sent as values."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from activations.jurisdiction import Facts

YES_NO = [("", "Choose one"), ("yes", "Yes"), ("no", "No")]
FormData = dict[str, Any]


def offer(form: forms.Form, name: str, choices: list[Any]) -> None:
    """Give a field of the form its choices."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField), name
    field.choices = choices


def yes_no(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)


def as_yes_no(value: bool | None) -> str:
    return {True: "yes", False: "no"}.get(value, "") if value is not None else ""


class GroupForm(forms.Form):
    """One group of a site's fields.

    `around` holds the values of the other groups, in the shape of requests; the rules of the
    place need them. `company` is the tenant. `editing` leaves out what only a new site has.
    """

    # Changing one of these changes which fields there are; with htmx the form redraws itself.
    turns: tuple[str, ...] = ()
    # The fields of a request that the group is about.
    wire: tuple[str, ...] = ()

    def __init__(
        self,
        data: Any = None,
        *,
        company: Any,
        around: dict[str, Any] | None = None,
        editing: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.company = company
        self.around = around or {}
        self.editing = editing
        self.arrange()

    def redraw_at(self, url: str) -> None:
        """Let the form draw itself anew where a field changes which other fields there are.

        Without script the new fields come with the next answer, or with "Update the questions".
        """
        for name in self.turns:
            if name in self.fields:
                self.fields[name].widget.attrs |= {
                    "hx-post": url,
                    "hx-vals": '{"do": "redraw"}',
                    "hx-trigger": "change",
                    "hx-target": "#group-form",
                    "hx-swap": "outerHTML",
                    # The later change carries both answers; the earlier one's form would lose it.
                    "hx-sync": "closest form:replace",
                }

    def arrange(self) -> None:
        """Choose the fields and choices for this site."""

    def typed(self, name: str) -> str:
        """What a field holds now, typed or initial, as text."""
        value = self[name].value() if name in self.fields else None
        return "" if value is None else str(value)

    def unchecked(self) -> "GroupForm":
        """The same form with what was typed and no complaints, for redrawing it."""
        self._errors = ErrorDict()
        self.cleaned_data = {}
        return self

    def kept(self) -> FormData:
        """What was typed and is valid, as plain JSON."""
        return {name: _json(value) for name, value in self.cleaned_data.items()}

    def values(self) -> dict[str, Any]:
        """The fields of a request."""
        return self.values_of(self.kept(), self.around, self.company)

    @classmethod
    def values_of(cls, kept: FormData, around: dict[str, Any], company: Any) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def initial_of(cls, known: dict[str, Any]) -> FormData:
        raise NotImplementedError


def _json(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    return value


def facts_of(known: dict[str, Any], company: Any) -> Facts:
    """What the rules need to know, from fields of a request."""
    address = known.get("address") or {}
    return Facts(
        company_country=company.country,
        country=(address.get("country") or company.country or "").upper(),
        state=address.get("state") or "",
        system_type=known.get("system_type") or "residential",
        encharges=known.get("expected_encharge_count") or 0,
        ac_batteries=known.get("expected_acb_count") or 0,
        grid_connection_type=known.get("grid_connection_type"),
        third_party_storage=bool(known.get("third_party_storage_device_installed")),
        permission_to_operate=bool(known.get("permission_to_operate")),
    )
