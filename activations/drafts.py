"""A new site half way through the wizard: its steps, what is kept, and what is still open."""

from dataclasses import dataclass
from typing import Any

from activations import values
from activations.catalog import services as catalog
from activations.catalog.models import GridProfile, PvManufacturer, PvModel
from activations.forms import (
    EquipmentForm,
    FormData,
    GridForm,
    GroupForm,
    PeopleForm,
    SiteForm,
    facts_of,
    new_person,
)
from activations.models import Draft
from activations.services import Person


@dataclass(frozen=True)
class Step:
    """One page of the wizard."""

    key: str
    title: str
    form: type[GroupForm]


STEPS = [
    Step("site", "Site", SiteForm),
    Step("people", "People", PeopleForm),
    Step("equipment", "Equipment", EquipmentForm),
    Step("grid", "Grid", GridForm),
]
BY_KEY = {step.key: step for step in STEPS}


def around(draft: Draft, but: str) -> dict[str, Any]:
    """The values of all groups but one; those further on may be missing."""
    known: dict[str, Any] = {}
    for step in STEPS:
        if step.key != but and step.key in draft.data:
            known |= step.form.values_of(draft.data[step.key], known, draft.company)
    return known


def form_for(
    draft: Draft,
    key: str,
    data: Any = None,
    *,
    found: FormData | None = None,
    read: bool = False,
) -> GroupForm:
    """The form of one step, with what was kept (or with `data` as posted).

    With `read`, the modules of a maker that nobody has asked for yet are read (1 hit).
    """
    step = BY_KEY[key]
    known = around(draft, key)
    kept = draft.data.get(key, {})
    extra = catalog_for(key, known, draft.company, _maker(data, kept), read=read)
    if key == "people":
        extra = {"found": found if found is not None else kept.get("found")}
    initial = {name: value for name, value in kept.items() if name != "found"}
    return step.form(data, company=draft.company, around=known, initial=initial, **extra)


def _maker(data: Any, kept: FormData) -> int | None:
    chosen = str((data.get("pv_manufacturer") if data is not None else None) or "")
    if data is None:
        chosen = str(kept.get("pv_manufacturer") or "")
    return int(chosen) if chosen.isdecimal() else None


def catalog_for(
    key: str, known: dict[str, Any], company: Any, maker: int | None, *, read: bool = False
) -> dict[str, Any]:
    """The choices that come from Enphase's catalogues, for the form of one group."""
    if key == "equipment":
        return {
            "makers": _with_current(makers(), known, "pv_manufacturer"),
            "modules": _with_current(
                modules(maker, company if read else None),
                known if maker == known.get("pv_manufacturer") else {},
                "pv_model",
            ),
        }
    if key == "grid":
        return {"profiles": profiles(company, known)}
    return {}


def _with_current(
    choices: list[tuple[int, str]], known: dict[str, Any], name: str
) -> list[tuple[int, str]]:
    """What a site has must be among the choices, copied or not, or saving would take it away."""
    current = known.get(name)
    if not current or current in dict(choices):
        return choices
    return [(current, known.get(f"{name}_name") or f"Number {current}"), *choices]


def makers() -> list[tuple[int, str]]:
    return list(catalog.pv_manufacturers().values_list("enphase_id", "name"))


def modules(maker: int | None, company: Any = None) -> list[tuple[int, str]]:
    """Modules of a maker from our copy; with a `company`, read first if we have none (1 hit)."""
    if maker is None:
        return []
    rows = catalog.pv_models_of(maker, company=company)
    return list(rows.values_list("enphase_id", "name"))


def profiles(company: Any, known: dict[str, Any]) -> catalog.Offer:
    """Grid profiles for the site's place; with a battery, only those that suit it."""
    facts = facts_of(known, company)
    place = catalog.Place(
        facts.country, facts.state, facts.has_battery, str(known.get("voltage") or "")
    )
    return catalog.offer_of(company, place)


def keep(draft: Draft, key: str, kept: FormData) -> None:
    """Save one step. A look-up for copies is about what was typed then, so it is dropped."""
    if key == "site" and "branch" in kept:
        draft.branch_id = kept["branch"]
    data = {**draft.data, key: kept}
    if data != draft.data:
        data.pop("look_up", None)
    draft.data = data
    draft.save(update_fields=["data", "branch", "changed_at"])


def open_points(draft: Draft) -> dict[str, list[str]]:
    """What every step still wants, as {step: sentences}; empty when the site may be created.

    Steps are checked again here, because an answer on one page changes the questions of another.
    """
    found: dict[str, list[str]] = {}
    for step in STEPS:
        form = form_for(draft, step.key, as_posted(draft.data.get(step.key, {})))
        if not form.is_valid():
            found[step.key] = [
                str(sentence) for errors in form.errors.values() for sentence in errors
            ]
    return found


def as_posted(kept: FormData) -> dict[str, Any]:
    """What a browser would send for what is kept."""
    posted: dict[str, Any] = {}
    for name, value in kept.items():
        if isinstance(value, list):
            posted[name] = "\n".join(str(item) for item in value)
        elif value is not None and value is not False and name != "found":
            posted[name] = "on" if value is True else str(value)
    return posted


def system_of(draft: Draft) -> dict[str, Any]:
    """The fields of the request that creates the site; unset ones are left out.

    Safe defaults: not operational until permission to operate is given, not in public lists.
    The reference and new people's ids are added when the create is queued and sent.
    """
    system: dict[str, Any] = {}
    for step in STEPS:
        system |= step.form.values_of(draft.data.get(step.key, {}), system, draft.company)
    system["operational"] = bool(system.get("permission_to_operate"))
    system["permission_to_operate"] = system["operational"]
    system["allow_public_access"] = bool(system.get("allow_public_access"))
    return {name: value for name, value in system.items() if value not in (None, "", [], {})}


def people_of(draft: Draft) -> dict[str, Person]:
    """Owner and host, as far as they were entered."""
    kept = draft.data.get("people", {})
    people = {}
    for role in ("owner", "host"):
        person = new_person(kept, role)
        if person is not None:
            people[role] = Person(**person)
    return people


def names_of(system: dict[str, Any], company: Any) -> dict[str, str]:
    """Words for the ids of a request: profile, maker, module, subcontractor."""
    names: dict[str, str] = {}
    if profile := system.get("grid_profile"):
        row = GridProfile.objects.filter(company=company, enphase_id=profile).first()
        if row is not None:
            names["grid_profile"] = str(row)
    if maker := system.get("pv_manufacturer"):
        found = PvManufacturer.objects.filter(enphase_id=maker).first()
        names["pv_manufacturer"] = str(found or system.get("pv_manufacturer_name") or maker)
    if module := system.get("pv_model"):
        model = PvModel.objects.filter(enphase_id=module).first()
        names["pv_model"] = str(model or system.get("pv_model_name") or module)
    if other := system.get("authorized_subcontractor_id"):
        row = company.subcontractors.filter(enphase_id=other).first()
        if row is not None:
            names["authorized_subcontractor_id"] = row.name
    return names


def summary(draft: Draft) -> list[dict[str, Any]]:
    """The check page: for each step its title and {label, value} pairs in words."""
    groups = []
    known: dict[str, Any] = {}
    people = people_of(draft)
    kept_site = draft.data.get("site", {})
    for step in STEPS:
        fields = step.form.values_of(draft.data.get(step.key, {}), known, draft.company)
        known |= fields
        names = names_of(fields, draft.company)
        shown = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
        if step.key == "people":
            for role, person in people.items():
                known_word = "" if person.user_id else ", new home owner"
                shown[f"{role}_id"] = names[f"{role}_id"] = (
                    f"{person.label}{known_word}"
                    if person.label == person.email
                    else f"{person.label}, {person.email}{known_word}"
                )
            if not people:
                shown["owner_id"] = names["owner_id"] = "Nobody yet"
        pairs = [
            {"label": label, "value": value} for label, value in values.rows(shown, names).items()
        ]
        if step.key == "site":
            project = kept_site.get("project")
            pairs.insert(1, {"label": "Project number", "value": project or "None"})
            if draft.branch is not None:
                pairs.insert(2, {"label": "Branch", "value": draft.branch.name})
        groups.append({"key": step.key, "title": step.title, "pairs": pairs})
    return groups
