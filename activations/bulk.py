"""Changes of many sites: which there are, what each would do to a site, how one is queued.

Parts of a site declare theirs in a `bulk.py` of their own. A look reads our copy and nothing else;
the worker reads Enphase before it writes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from activations import search, services, values, writes
from activations.catalog.models import GridProfile
from activations.catalog.services import Place, why_unfit
from activations.filters import Filters
from activations.forms import bulk as forms
from activations.models import Activation, ActivationQuerySet
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.homeowners.services import queue_access
from companies.models import Company, Subcontractor
from portal.operations.models import Operation, RunItem
from portal.operations.queue import queue_write
from portal.operations.runs.registry import (
    AlreadySo,
    Cannot,
    Change,
    Look,
    Value,
    Verdict,
    bulk_action,
)
from portal.operations.runs.services import Looked
from portal.ui.errors import Refused

MAX_TICKED = 1_000
MAX_SITES = 10_000
GONE = "This site is not at Enphase any more."
NOT_READ = "Not read yet"
NEEDS_ADDRESS = "Sites of a company in the United States need an address first."


# ------------------------------------------------------------------ which sites


@dataclass(frozen=True)
class Selection:
    """Ticked sites, or all that the filters of the list show. Stands in the address."""

    ids: tuple[int, ...]
    filters: Filters | None

    @classmethod
    def read(cls, query: QueryDict) -> "Selection":
        """`id` any number of times, or `all=1` with the parameters of the list."""
        if query.get("all"):
            return cls((), Filters.read(query).changed())
        texts = query.getlist("id")[:MAX_TICKED]
        found = {
            int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 19
        }
        return cls(tuple(sorted(found)), None)

    @property
    def is_empty(self) -> bool:
        return self.filters is None and not self.ids

    def query(self) -> str:
        """The same selection as a query string, with its question mark."""
        if self.filters is not None:
            return "?all=1" + self.filters.query().replace("?", "&")
        return "?" + "&".join(f"id={pk}" for pk in self.ids)

    def sites(self, user: Any, company: Company) -> ActivationQuerySet:
        """What this person sees of it, newest change first, at most MAX_SITES."""
        if self.filters is None:
            rows = Activation.objects.for_user(user).filter(company=company, pk__in=self.ids)
            return rows.order_by("-updated_at", "-id")
        rows = self.filters.rows(user, company)
        found = search.in_order(rows, self.filters.words, small=search.is_small(company))
        return found[:MAX_SITES]

    def words(self, count: int) -> str:
        """ "All 63 that match: Stage 3, CA", "12 that were ticked"."""
        if self.filters is None:
            return f"{count:,} that {'was' if count == 1 else 'were'} ticked"
        chips = ", ".join(str(chip["label"]) for chip in self.filters.chips())
        return f"All {count:,} that match{': ' + chips if chips else ''}"


def looked_at(sites: Iterable[Activation], look: Look) -> Iterator[Looked]:
    """Each site with what the look says of it."""
    for site in sites:
        yield Looked(site, site.name, site.reference or str(site.system_id), look(site))


def site_of(item: RunItem, actor: Any) -> Activation:
    """The site of an item, if the person who asked may still see it. Refused otherwise."""
    if item.activation is None:
        raise Refused("This site is not in our list any more.")
    if not Activation.objects.for_user(actor).filter(pk=item.activation.pk).exists():
        raise Refused(f"{actor} does not see this site any more. Nothing was sent.")
    services.require_present(item.activation)
    return item.activation


# ------------------------------------------------------------------ grid profile


def _why_not_changeable(site: Activation) -> str:
    if site.gone_at is not None:
        return GONE
    address = (site.street1, site.city, site.state, site.postal_code, site.country)
    if site.company.in_us and not any(address):
        return NEEDS_ADDRESS
    return ""


@bulk_action(
    "grid-profile",
    label="Grid profile",
    hint="What the inverters obey: one profile for all of them.",
    icon="ongrid",
    write="activation.update",
    # A read to compare, the write, a read back.
    hits=3,
    form=forms.GridProfileForm,
    describe=lambda value: "Set grid profile",
    fix=("Choose another", "activations:grid"),
)
def grid_profile(company: Company, value: Value) -> Look:
    """Value: {"profile": id of the catalogue, "former": true in undo runs}."""
    profiles = {row.enphase_id: row for row in GridProfile.objects.filter(company=company)}
    wanted = profiles.get(value["profile"])

    def look(site: Activation) -> Verdict:
        if why := _why_not_changeable(site):
            return Cannot(why)
        if not value["profile"]:
            return Cannot("No profile was set before, and Enphase does not take one away.")
        # What was there before is put back, whatever the catalogue thinks of it.
        unfit = why_unfit(wanted, _place_of(site)) if wanted and not value.get("former") else ""
        if unfit:
            return Cannot(f"{wanted} is {unfit}.")
        after = {"Grid profile": str(wanted or value["profile"])}
        if "grid_profile" not in site.detail:
            return Change({"Grid profile": NOT_READ}, after)
        now = str(site.detail["grid_profile"] or "")
        before = {"Grid profile": str(profiles.get(now) or now or "Not set")}
        if now == value["profile"]:
            return AlreadySo(before)
        return Change(before, after, {"grid_profile": now or None})

    return look


def _place_of(site: Activation) -> Place:
    """As far as the columns and the detail tell; cheaper than the whole record."""
    return Place(
        country=site.country or site.company.country,
        state=site.state,
        needs_battery=any(
            site.detail.get(f"expected_{kind}_count") for kind in ("encharge", "acb")
        ),
        voltage=str(site.detail.get("voltage") or ""),
    )


@grid_profile.queue
def _queue_grid_profile(item: RunItem, value: Value, actor: Any) -> Operation:
    changes = {"grid_profile": value["profile"]}
    return _queue_update(item, actor, "Set grid profile", changes)


@grid_profile.undo
def _former_profile(operation: Operation) -> Value | None:
    base = operation.payload["base"]
    if "grid_profile" not in base:
        return None
    return {"profile": base["grid_profile"] or "", "former": True}


def _queue_update(item: RunItem, actor: Any, title: str, changes: dict[str, Any]) -> Operation:
    """As services.queue_change, for sites whose fields nobody has looked at: `seen` may be empty.

    The worker compares what was seen, and learns what was not.
    """
    site = site_of(item, actor)
    return queue_write(
        writes.update_activation,
        key=f"activation:{site.pk}:update:{'+'.join(sorted(changes))}"[:120],
        payload={
            "company": site.company_id,
            "system_id": site.system_id,
            "changes": changes,
            "base": item.seen,
        },
        company=site.company,
        activation=site,
        actor=actor,
        title=title,
        before=item.before,
        after=item.after,
    )


# ------------------------------------------------------------------ production


@bulk_action(
    "production",
    label="Production mode",
    hint="Turn whole sites on or off, and wait until their gateways obey.",
    icon="power",
    write="activation.set_production_mode",
    # A read to compare, the write, and three looks until the gateway has obeyed.
    hits=5,
    form=forms.ProductionModeForm,
    describe=lambda value: f"Turn production {value['mode']}",
    careful=lambda value: value["mode"] == "off",
    fix=("Open production", "activations:production"),
)
def production(company: Company, value: Value) -> Look:
    """Value: {"mode": "on" or "off"}."""
    words = {"on": "On", "off": "Off"}

    def look(site: Activation) -> Verdict:
        if why := services.why_not_switchable(site):
            return Cannot(why)
        before = {"Production": words.get(site.production_mode, "Not known")}
        if site.production_mode == value["mode"]:
            return AlreadySo(before)
        if value["mode"] == "on" and not site.permission_to_operate:
            return Cannot("Permission to operate is not on record.")
        return Change(before, {"Production": words[value["mode"]]})

    return look


@production.queue
def _queue_production(item: RunItem, value: Value, actor: Any) -> Operation:
    return services.queue_production(site_of(item, actor), mode=value["mode"], actor=actor)


@production.undo
def _former_mode(operation: Operation) -> Value:
    """Only a switch that was sent is undone, so it was the other way before."""
    return {"mode": "off" if operation.payload["mode"] == "on" else "on"}


# ------------------------------------------------------------------ subcontractor


@bulk_action(
    "subcontractor",
    label="Add subcontractor",
    hint="Name a company that may work on these sites.",
    icon="users",
    write="activation.update",
    hits=3,
    form=forms.SubcontractorForm,
    describe=lambda value: "Add subcontractor",
    no_undo="Enphase offers no way to take a subcontractor off a site again.",
    fix=("Open people", "activations:people"),
)
def subcontractor(company: Company, value: Value) -> Look:
    """Value: {"subcontractor": Enphase's id of the company}."""
    wanted = Subcontractor.objects.filter(
        company=company, enphase_id=value["subcontractor"]
    ).first()
    name = str(wanted or value["subcontractor"])

    def look(site: Activation) -> Verdict:
        if why := _why_not_changeable(site):
            return Cannot(why)
        after = {"Subcontractor": name}
        if "authorized_subcontractors" not in site.detail:
            return Change({"Subcontractor": NOT_READ}, after)
        there = values.record_of(site).authorized_subcontractors
        names = ", ".join(str(one.authorized_subcontractor_name or "") for one in there)
        if value["subcontractor"] in {one.authorized_subcontractor_id for one in there}:
            return AlreadySo({"Subcontractor": name})
        return Change({"Subcontractor": names or "Nobody"}, after)

    return look


@subcontractor.queue
def _queue_subcontractor(item: RunItem, value: Value, actor: Any) -> Operation:
    changes = {"authorized_subcontractor_id": value["subcontractor"]}
    return _queue_update(item, actor, "Add subcontractor", changes)


# ------------------------------------------------------------------ access of a home owner


@bulk_action(
    "access",
    label="Home owner's access",
    hint="Let one person see these sites, or stop it.",
    icon="key",
    write="home_owner.grant_access",
    hits=1,
    form=forms.AccessForm,
    describe=lambda value: (
        f"Give {value['name']} access" if value["grant"] else f"Take away {value['name']}'s access"
    ),
    careful=lambda value: not value["grant"],
    fix=("Open people", "activations:people"),
)
def access(company: Company, value: Value) -> Look:
    """Value: {"owner": our pk of the home owner, "name", "grant": yes or no}.

    Enphase does not say who may see a site: what we know is what we have caused.
    """
    state = SiteAccess.State.HAS_ACCESS if value["grant"] else SiteAccess.State.REVOKED
    known = dict(
        SiteAccess.objects.filter(home_owner=value["owner"]).values_list("activation_id", "state")
    )

    def look(site: Activation) -> Verdict:
        if site.gone_at is not None:
            return Cannot(GONE)
        label = SiteAccess.State(known.get(site.pk, SiteAccess.State.NOT_INVITED)).label
        before = {"Access": label}
        if known.get(site.pk) == state:
            return AlreadySo(before)
        return Change(before, {"Access": state.label})

    return look


@access.queue
def _queue_access(item: RunItem, value: Value, actor: Any) -> Operation:
    site = site_of(item, actor)
    owner = HomeOwner.objects.filter(company=site.company_id, pk=value["owner"]).first()
    if owner is None:
        raise Refused("This home owner is not in our directory any more.")
    return queue_access(site, owner, grant=value["grant"], actor=actor)


@access.undo
def _former_access(operation: Operation) -> Value | None:
    owner = HomeOwner.objects.filter(
        company=operation.company_id, enphase_id=operation.payload["user_id"]
    ).first()
    if owner is None:
        return None
    granted = operation.kind == "home_owner.grant_access"
    return {"owner": owner.pk, "name": owner.discreet, "grant": not granted}
