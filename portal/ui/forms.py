"""How forms look: one renderer for the whole portal, and three widgets Django does not have.

Page authors write plain Django forms and `{{ field.as_field_group }}` or `{{ form }}`; label,
hint, error, `aria-describedby` and `aria-invalid` come from here and templates/django/forms/.
"""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting


class Affixed(forms.TextInput):
    """A text field with its unit beside it: `Affixed(prefix="$")`, `Affixed(suffix="kWh")`."""

    def __init__(
        self, attrs: dict[str, Any] | None = None, *, prefix: str = "", suffix: str = ""
    ) -> None:
        super().__init__(attrs)
        self.prefix = prefix
        self.suffix = suffix


class Switch(forms.CheckboxInput):
    """A check box drawn as a switch, for a setting that is on or off."""


class ChoiceCards(forms.RadioSelect):
    """Radio buttons as cards, each with a sentence: `ChoiceCards(hints={"value": "…"})`."""

    def __init__(
        self,
        attrs: dict[str, Any] | None = None,
        choices: Any = (),
        *,
        hints: dict[str, str] | None = None,
    ) -> None:
        super().__init__(attrs, choices)
        self.hints = hints or {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["hint"] = self.hints.get(str(value), "")
        return option


class RidgelineBoundField(BoundField):
    """A field that knows which of our templates' shapes it takes and which class it carries."""

    @property
    def kind(self) -> str:
        """check, switch, cards, radios, checks, group, affix, or text for everything else."""
        widget = self.field.widget
        if isinstance(widget, Switch):
            return "switch"
        if isinstance(widget, forms.CheckboxInput):
            return "check"
        if isinstance(widget, ChoiceCards):
            return "cards"
        if isinstance(widget, forms.CheckboxSelectMultiple):
            return "checks"
        if isinstance(widget, forms.RadioSelect):
            return "radios"
        if isinstance(widget, Affixed):
            return "affix"
        return "group" if self.use_fieldset else "text"

    @property
    def is_optional(self) -> bool:
        """Said beside the label. A box to tick or a choice with a default needs no such word."""
        return not self.field.required and self.kind in {"text", "affix", "group"}

    def said(self, text: str) -> str:
        """An error in words that name the field, where Django's own words do not."""
        if text != forms.Field.default_error_messages["required"]:
            return text
        if self.kind in {"check", "switch"}:
            return f"Tick: {self.label}"
        chosen = isinstance(self.field.widget, forms.widgets.ChoiceWidget | forms.FileInput)
        return f"{'Choose' if chosen else 'Enter'} {_in_sentence(str(self.label))}"

    @property
    def error_texts(self) -> list[str]:
        return [self.said(str(text)) for text in self.errors]

    def css_classes(self, extra_classes: Any = None) -> str:
        names = f"field field--{self.kind}" + (" field--error" if self.errors else "")
        return " ".join(filter(None, [names, super().css_classes(extra_classes)]))

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if isinstance(widget, forms.Textarea) and widget.attrs.get("rows") == "10":
            attrs.setdefault("rows", "4")  # Django's ten lines are for essays
        ours = _css_class(widget)
        if ours and not widget.is_hidden:
            theirs = attrs.get("class") or widget.attrs.get("class", "")
            attrs["class"] = f"{ours} {theirs}".strip()
        if isinstance(widget, forms.MultiWidget):
            for number, part in enumerate(widget.widgets, start=1):
                part.attrs.setdefault("class", _css_class(part))
                part.attrs.setdefault("aria-label", f"{self.label}, part {number}")
        if self.kind in {"radios", "cards", "checks"}:
            # Roles radio and checkbox in a group do not take these; the fieldset has them.
            attrs.pop("aria-invalid", None)
        return attrs


def _in_sentence(label: str) -> str:
    """ "System type" within a sentence is "system type"; "PV module" and "E-mail" stay."""
    return label if label[1:2].isupper() or label[1:2] == "-" else label[:1].lower() + label[1:]


def _css_class(widget: forms.Widget) -> str:
    if isinstance(widget, Switch):
        return "switch"
    if isinstance(widget, ChoiceCards):
        return "box"
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.MultiWidget):
        return ""
    if isinstance(widget, forms.Select):
        return "select"
    return "input"


class RidgelineRenderer(TemplatesSetting):
    """Forms in the portal's own templates (settings.FORM_RENDERER)."""

    form_template_name = "django/forms/form.html"
    field_template_name = "django/forms/field.html"
    bound_field_class = RidgelineBoundField
