"""The dry run: what each row would do, by the wizard's own rules and our own tables.

Asks Enphase nothing. The worker looks at Enphase once more before each create, as always.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import F, Q
from django.utils import timezone
from django_countries import countries

from activations import drafts, matching, places, references, writes
from activations.drafts import STEPS, Step
from activations.forms import GroupForm, facts_of
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
            Upload.objects.filter(pk=upload.pk).update(checked=number, changed_at=timezone.now())


# ------------------------------------------------------------------ activations


class _Sites:
    """Rows that become activations."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.company = upload.company
        # Choices of forms, read once: what they depend on -> arguments of the form.
        self.choices: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.columns = columns_of(upload.kind)
        self.here = _Here(self.company)
        self.branches = {
            text.casefold(): branch.pk
            for branch in self.company.branches.all()
            for text in (branch.name, str(branch.enphase_id))
        }
        # What rows above have: key -> number of the row.
        self.above: dict[Key, int] = {}

    def look(self, number: int, row: list[str]) -> Looked:
        given = {
            column.field: self.upload.cell(row, column.field)
            for column in columns_of(self.upload.kind)
        }
        name = given["system_name"] or given["street1"] or "No name"
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
        data: dict[str, Any] = {}
        # Fields of the request so far; the rules of later groups depend on them.
        known: dict[str, Any] = {}
        wrong: list[str] = []
        for step in STEPS:
            posted = {
                column.field: given[column.field]
                for column in columns_of(self.upload.kind)
                if column.step == step.key and given[column.field]
            }
            if step.key == "site":
                self._complete_site(posted, wrong)
            form = self._form(step, posted, known)
            if _speak(form, posted, wrong) & {*form.turns}:
                # Which questions there are depends on what was just translated.
                form = self._form(step, posted, known)
            if form.is_valid():
                data[step.key] = form.kept()
            else:
                wrong += _words(form, {one.field: one.label for one in self.columns})
                data[step.key] = posted
            known |= form.values_of(data[step.key], known, self.company)
        if wrong:
            raise _Wrong(" ".join(dict.fromkeys(wrong)))
        return data

    def _form(self, step: Step, posted: dict[str, Any], known: dict[str, Any]) -> GroupForm:
        """The wizard's form for this row. Choices are the same for a thousand rows."""
        facts = facts_of(known, self.company) if step.key == "grid" else None
        key = (step.key, facts and (facts.country, facts.state, facts.has_battery))
        if key not in self.choices:
            self.choices[key] = drafts.catalog_for(step.key, known, self.company, None)
        return step.form(posted, company=self.company, around=known, **self.choices[key])

    def _complete_site(self, posted: dict[str, Any], wrong: list[str]) -> None:
        """What a person would have chosen, or left as it was: country, state, type, branch."""
        posted["country"] = _country(posted.get("country", "")) or self.company.country
        posted["state"] = _state(posted["country"], posted.get("state", ""))
        posted.setdefault("system_type", "residential")
        posted.setdefault("internet_connection", "broadband")
        if branch := posted.pop("branch", ""):
            if branch.casefold() in self.branches:
                posted["branch"] = str(self.branches[branch.casefold()])
            else:
                wrong.append(f"There is no branch “{branch}”.")

    def _copy_above(self, number: int, system: dict[str, Any], project: str) -> Verdict | None:
        keys = _keys(system, references.normalise(project))
        for key in keys:
            if key in self.above:
                return AlreadySo({"Row": f"Same {key[0]} as row {self.above[key]}"})
        for key in keys:
            self.above[key] = number
        return None

    def _copy_here(self, system: dict[str, Any], project: str) -> Verdict | None:
        words = self.here.copy_of(system, project)
        return AlreadySo({"Site": words}) if words else None


Key = tuple[str, Any]


def _keys(system: dict[str, Any], *projects: str) -> list[Key]:
    """What one site has and no other: project numbers, the address, gateways."""
    street = matching.street_key(system.get("address") or {})
    return [
        *(("project number", project) for project in projects if project),
        *([("address", street)] if any(street) else []),
        *(("gateway", serial) for serial in system.get("envoy_serial_numbers") or []),
    ]


class _Here:
    """Our sites and the creates under way, by what makes a site one of a kind.

    The same answers as services.copies_here, which reads the tables anew for each site: that is
    asked once more when a row is queued.
    """

    def __init__(self, company: Company) -> None:
        self.sites: dict[Key, tuple[str, int]] = {}
        self.creates: dict[Key, str] = {}
        sites = Activation.objects.filter(company=company).present()
        columns = ("name", "stage", "reference", "street1", "postal_code", "country")
        for row in sites.values(*columns, serials=F("detail__envoy_serial_numbers")).iterator():
            system = {"address": row, "envoy_serial_numbers": row["serials"]}
            plain = references.normalise(row["reference"])
            for key in _keys(system, plain, references.project_part(plain)):
                self.sites.setdefault(key, (row["name"], row["stage"]))
        creates = Operation.objects.filter(company=company, kind=writes.create_activation.kind)
        for create in creates.open().order_by("-pk").iterator():
            system = create.payload.get("system", {})
            for key in _keys(system, references.project_part(system.get("reference", ""))):
                self.creates.setdefault(key, create.subject or create.title)

    def copy_of(self, system: dict[str, Any], project: str) -> str:
        """The site that looks like this one, and why; "" without one."""
        plain = references.normalise(project)
        for key in _keys(system, plain):
            if key in self.sites:
                name, stage = self.sites[key]
                return f"{_why(key, project)}: {name}{f', stage {stage}' if stage else ''}"
        # A reference has room for so many letters of a project number.
        for key in _keys(system, plain[: references.MAX_PROJECT]):
            if key in self.creates:
                return f"Being created, {_why(key, project)}: {self.creates[key]}"
        return ""


def _why(key: Key, project: str) -> str:
    words = {"address": "This address", "project number": f"Project {project.strip()}"}
    return words.get(key[0]) or f"Gateway {key[1]}"


# Errors of Django's own fields, which do not say what they are about.
NAMELESS = {"invalid", "invalid_choice", "min_value", "max_value", "max_length", "min_length"}


def _words(form: GroupForm, labels: dict[str, str]) -> list[str]:
    """What is wrong with a row, each sentence with the column that it is about."""
    found = []
    for name, errors in form.errors.as_data().items():
        label = labels.get(name, "")
        for error in errors:
            text = " ".join(map(str, error.messages))
            if error.code == "invalid_choice":
                text = f"“{form.data.get(name, '')}” is none of the choices."
            elif text == forms.Field.default_error_messages["required"]:
                text = "It is missing."
            elif error.code not in NAMELESS:
                label = ""
            found.append(f"{label}: {text}" if label else text)
    return found


class _Wrong(Exception):
    """Sentences about a row that cannot be sent."""


def _speak(form: GroupForm, posted: dict[str, Any], wrong: list[str]) -> set[str]:
    """Put the words of a row into what a browser would send; gives the fields it translated."""
    changed = set()
    for name, text in list(posted.items()):
        field = form.fields.get(name)
        if isinstance(field, forms.BooleanField):
            answer = _yes_no(text)
            if answer is None:
                wrong.append(f"{field.label}: write yes or no, not “{text}”.")
            posted[name] = "on" if answer else ""
        elif isinstance(field, forms.ChoiceField):
            posted[name] = _choice(field, text)
        # Without a field it is not asked for at such a site: a California question elsewhere.
        if posted[name] != text:
            changed.add(name)
    return changed


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
        name = f"{given['first_name']} {given['last_name']}".strip() or given["email"] or "No name"
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
