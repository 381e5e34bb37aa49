"""What is typed to import: a file, and which of its columns means what."""

from typing import Any

from django import forms

from activations.imports.columns import columns_of
from activations.imports.models import Upload
from portal.ui.forms import ChoiceCards


class UploadForm(forms.Form):
    """A file, and what its rows are."""

    kind = forms.ChoiceField(
        label="What the rows are",
        choices=Upload.Kind.choices,
        widget=ChoiceCards(
            hints={
                "activations": "New sites. Each create costs $2.00, after you have seen the result "
                "of every row.",
                "home-owners": "New people, and which site they may see.",
            }
        ),
    )
    file = forms.FileField(
        label="CSV or XLSX",
        help_text="Names of columns in the first row, at most 10,000 rows and 5 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
        max_length=255,
    )


# Steps of the wizard, as people read them.
GROUPS = {
    "site": "Site",
    "people": "Owner",
    "equipment": "Equipment",
    "grid": "Grid",
    "person": "Home owner",
}


class ColumnsForm(forms.Form):
    """For each field the column that holds it."""

    def __init__(self, *args: Any, upload: Upload, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.upload = upload
        choices = [("", "Not in the file")] + [
            (str(number), name or f"Column {number + 1}")
            for number, name in enumerate(map(str, upload.header))
        ]
        for column in columns_of(upload.kind):
            taken = upload.columns.get(column.field)
            self.fields[column.field] = forms.ChoiceField(
                label=column.label,
                choices=choices,
                required=column.required,
                error_messages={"required": f"Choose the column of “{column.label}”."},
                initial="" if taken is None else str(taken),
                help_text=self._sample(taken),
            )

    def _sample(self, number: int | None) -> str:
        """What the first rows hold there."""
        if number is None:
            return ""
        cells = [str(row[number]) for row in self.upload.rows[:20] if number < len(row)]
        shown = list(dict.fromkeys(cell for cell in cells if cell))[:3]
        return f"Like {', '.join(text[:30] for text in shown)}" if shown else "Empty so far"

    @property
    def groups(self) -> list[tuple[str, list[Any]]]:
        """Fields by what they are about: [(title, bound fields)]."""
        found: dict[str, list[Any]] = {}
        for column in columns_of(self.upload.kind):
            found.setdefault(GROUPS[column.step], []).append(self[column.field])
        return list(found.items())

    @property
    def unused(self) -> list[str]:
        """Names of the file's columns that no field takes, as it stands."""
        taken = {str(self[name].value() or "") for name in self.fields}
        header = [str(name) for name in self.upload.header]
        return [name for number, name in enumerate(header) if name and str(number) not in taken]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        taken: dict[str, str] = {}
        for field, number in list(cleaned.items()):
            if number and number in taken:
                other = self.fields[taken[number]].label
                self.add_error(field, f"This column is taken by “{other}” already.")
            elif number:
                taken[number] = field
        return cleaned

    def chosen(self) -> dict[str, int]:
        """{field: column}. Only after is_valid()."""
        return {field: int(number) for field, number in self.cleaned_data.items() if number}
