"""The dry run: what each row would do, by the wizard's own rules and our own tables.

Asks Enphase nothing. The worker looks at Enphase once more before each create, as always.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Q
from django_countries import countries

from activations import drafts, places, references, services
from activations.drafts import STEPS
from activations.imports.columns import columns_of
from activations.imports.models import Upload
from activations.models import Activation, Draft
from companies.homeowners.models import HomeOwner
from companies.models import Company
from portal.operations.models import Operation
from portal.operations.runs.registry import AlreadySo, Cannot, Change, Verdict
from portal.operations.runs.services import Looked

YES = {"yes", "y", "true", "1", "x", "on", "ja", "oui"}
NO = {"no", "n", "false", "0", "off", "nein", "non", "nee"}
REPORT_EVERY = 50


def looked(upload: Upload) -> Iterator[Looked]:
    """Every row with what it would do, in the order of the file; progress is saved on the way."""
    check = _Sites(upload) if upload.kind == Upload.Kind.ACTIVATIONS else _People(upload)
    for number, row in enumerate(upload.rows, start=1):
        yield check.look(number, row)
        if number % REPORT_EVERY == 0:
            Upload.objects.filter(pk=upload.pk).update(checked=number)


# ------------------------------------------------------------------ activations


class _Sites:
    """Rows that become activations."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.company = upload.company
        self.branches = {
            text.casefold(): branch.pk
            for branch in self.company.branches.all()
            for text in (branch.name, str(branch.enphase_id))
        }
        # What rows above have: key -> number of the row.
        self.above: dict[tuple[str, str], int] = {}

    def look(self, number: int, row: list[str]) -> Looked:
        given = {
            column.field: self.upload.cell(row, column.field)
            for column in columns_of(self.upload.kind)
        }
        name = given["system_name"] or f"Row {number}"
        reference = given["project"] or f"row {number}"
        try:
            data = self._steps(given)
        except _Wrong as wrong:
            return Looked(None, name, reference, Cannot(str(wrong)))
        draft = draft_of(self.company, self.upload.branch, data)
        system = drafts.system_of(draft)
        verdict = self._copy_above(number, system, given["project"]) or self._copy_here(
            system, given["project"]
        )
        if verdict is None:
            verdict = Change({}, {"Activation": "New, $2.00"})
        return Looked(None, name, reference, verdict, {"row": number, "steps": data})

    def _steps(self, given: dict[str, str]) -> dict[str, Any]:
        """The row as four pages of the wizard keep it. Raises _Wrong with all that is wrong."""
        draft = draft_of(self.company, self.upload.branch, {})
        wrong: list[str] = []
        for step in STEPS:
            posted = self._posted(draft, step.key, given, wrong)
            form = drafts.form_for(draft, step.key, posted)
            if not form.is_valid():
                wrong += [str(text) for errors in form.errors.values() for text in errors]
                draft.data = {**draft.data, step.key: posted}
            else:
                draft.data = {**draft.data, step.key: form.kept()}
        if wrong:
            raise _Wrong(" ".join(dict.fromkeys(wrong)))
        return draft.data

    def _posted(
        self, draft: Draft, step: str, given: dict[str, str], wrong: list[str]
    ) -> dict[str, Any]:
        """What a browser would send for this row."""
        posted: dict[str, Any] = {
            column.field: given[column.field]
            for column in columns_of(self.upload.kind)
            if column.step == step and given[column.field]
        }
        if step == "site":
            posted["country"] = _country(posted.get("country", "")) or self.company.country
            posted["state"] = _state(posted["country"], posted.get("state", ""))
            posted.setdefault("system_type", "residential")
            posted.setdefault("internet_connection", "broadband")
            if branch := posted.pop("branch", ""):
                if branch.casefold() in self.branches:
                    posted["branch"] = str(self.branches[branch.casefold()])
                else:
                    wrong.append(f"There is no branch “{branch}”.")
        form = drafts.form_for(draft, step, posted)
        for name, text in list(posted.items()):
            field = form.fields.get(name)
            if field is None:
                # Not asked for at such a site: a California question elsewhere, say.
                continue
            if isinstance(field, forms.BooleanField):
                answer = _yes_no(text)
                if answer is None:
                    wrong.append(f"{field.label}: write yes or no, not “{text}”.")
                posted[name] = "on" if answer else ""
            elif isinstance(field, forms.ChoiceField):
                posted[name] = _choice(field, text)
        return posted

    def _copy_above(self, number: int, system: dict[str, Any], project: str) -> Verdict | None:
        address = system.get("address") or {}
        keys = [("gateway", serial) for serial in system.get("envoy_serial_numbers") or []]
        if plain := references.normalise(project):
            keys.append(("project number", plain))
        if address.get("street1"):
            parts = (address["street1"], address["postal_code"], address["country"])
            keys.append(("address", "|".join(references.normalise(part) for part in parts)))
        for key in keys:
            if key in self.above:
                return AlreadySo({"Row": f"Same {key[0]} as row {self.above[key]}"})
        for key in keys:
            self.above[key] = number
        return None

    def _copy_here(self, system: dict[str, Any], project: str) -> Verdict | None:
        copies = services.copies_here(system, self.company, project)
        if not copies:
            return None
        first = copies[0]
        stage = f", stage {first.stage}" if first.stage else ""
        return AlreadySo({"Site": f"{first.why}: {first.name}{stage}"})


class _Wrong(Exception):
    """Sentences about a row that cannot be sent."""


def draft_of(company: Company, branch: Company | None, data: dict[str, Any]) -> Draft:
    """A wizard's draft that is not stored, so that the wizard's rules can be asked."""
    draft = Draft(company=company, branch=branch, data=data)
    if branch is None and (chosen := data.get("site", {}).get("branch")):
        draft.branch_id = chosen
    return draft


def _country(text: str) -> str:
    if not text:
        return ""
    if len(text) == 2 and text.upper() in countries:
        return text.upper()
    if text.upper() in ("USA", "U.S.", "U.S.A.", "UNITED STATES"):
        return "US"
    code: str = countries.by_name(text)
    return code or countries.alpha2(text) or text


def _state(country: str, text: str) -> str:
    for code, name in places.STATES.get(country, ()):
        if text.casefold() in (code.casefold(), name.casefold()):
            return code
    return text


def _yes_no(text: str) -> bool | None:
    folded = text.strip().casefold()
    return True if folded in YES else False if folded in NO or not folded else None


def _choice(field: forms.ChoiceField, text: str) -> str:
    """The value of a choice that was written by its value, its label, or the label's beginning."""
    folded = text.strip().casefold()
    choices = [(str(value), str(label)) for value, label in _flat(field.choices)]
    for value, label in choices:
        if folded in (value.casefold(), label.casefold()):
            return value
    answer = _yes_no(text)
    if answer is not None and {"yes", "no"} <= {value for value, _ in choices}:
        return "yes" if answer else "no"
    begun = [value for value, label in choices if value and label.casefold().startswith(folded)]
    return begun[0] if len(begun) == 1 else text


def _flat(choices: Any) -> Iterator[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, (list, tuple)):
            yield from label
        else:
            yield value, label


# ------------------------------------------------------------------ home owners


class PersonForm(forms.Form):
    """A row that becomes a home owner."""

    email = forms.EmailField(error_messages={"invalid": "The e-mail address cannot be right."})
    first_name = forms.CharField(max_length=255)
    last_name = forms.CharField(max_length=255)
    phone = forms.CharField(max_length=255, required=False)


class _People:
    """Rows that become home owners, and may give them access to a site."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.company = upload.company
        self.above: dict[str, int] = {}
        owners = HomeOwner.objects.filter(company=self.company)
        self.known = {owner.email.casefold(): owner for owner in owners.iterator()}
        open_ones = Operation.objects.filter(company=self.company, kind="home_owner.create").open()
        self.under_way = {str(one.payload.get("email", "")).casefold() for one in open_ones}

    def look(self, number: int, row: list[str]) -> Looked:
        given = {
            column.field: self.upload.cell(row, column.field)
            for column in columns_of(self.upload.kind)
        }
        name = f"{given['first_name']} {given['last_name']}".strip() or f"Row {number}"
        reference = f"row {number}"
        form = PersonForm(given)
        wrong = []
        if not form.is_valid():
            missing = [
                label
                for field, label in (
                    ("email", "e-mail"),
                    ("first_name", "first name"),
                    ("last_name", "last name"),
                )
                if not given[field]
            ]
            if missing:
                wrong.append(f"Enter {', '.join(missing)}.")
            wrong += [
                str(text)
                for field, errors in form.errors.items()
                for text in errors
                if given.get(field)
            ]
        site, problem = self._site(given["site"])
        if problem:
            wrong.append(problem)
        reports = _yes_no(given["email_reports"])
        if reports is None:
            wrong.append(f"Gets e-mail reports: write yes or no, not “{given['email_reports']}”.")
        if wrong:
            return Looked(None, name, reference, Cannot(" ".join(wrong)))
        email = given["email"].casefold()
        if email in self.above:
            verdict: Verdict = AlreadySo({"Row": f"Same e-mail as row {self.above[email]}"})
        elif email in self.known:
            verdict = AlreadySo({"Home owner": f"{self.known[email]} is in the directory"})
        elif email in self.under_way:
            verdict = AlreadySo({"Home owner": "Is being created"})
        else:
            after = {"Home owner": "New"}
            if site is not None:
                after["Access"] = f"To {site.name}"
            verdict = Change({}, after)
        self.above.setdefault(email, number)
        value = {
            "row": number,
            "email": email,
            "first_name": given["first_name"],
            "last_name": given["last_name"],
            "phone": given["phone"],
            "email_reports": bool(reports),
            "site": site.pk if site is not None else None,
        }
        return Looked(None, name, reference, verdict, value)

    def _site(self, text: str) -> tuple[Activation | None, str]:
        """The site that a row names by reference, project number, system id or name."""
        if not text:
            return None, ""
        sites = Activation.objects.filter(company=self.company, gone_at=None)
        if self.upload.branch_id:
            sites = sites.filter(branch=self.upload.branch_id)
        by_id = Q(system_id=int(text)) if text.isdecimal() and len(text) < 19 else Q(pk__in=[])
        exact = sites.filter(Q(reference__iexact=text) | Q(name__iexact=text) | by_id)
        found = list(exact[:2]) or list(sites.filter(reference__istartswith=text)[:2])
        if len(found) == 1:
            return found[0], ""
        return None, f"{'Several sites are' if found else 'No site is'} called “{text}”."
