"""Owners and hosts: what the sites tell about people, and the sites of a person."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from activations.models import Activation, ActivationQuerySet
from activations.search import fold
from companies.homeowners import people
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.homeowners.places import Place
from companies.models import Company
from enphase.records import Activation as Record
from enphase.records import User

FOUND_AT_MOST = 10
# A search by site names so many of their people; more than a page of them is no answer anyway.
OWNERS_AT_MOST = 500
BATCH = 500


# ------------------------------------------------------------------ what sites tell


def take_in(company: Company, record: Record) -> None:
    """Keep what an answer with expanded owner and host says of them."""
    for person in (record.owner, record.host):
        if isinstance(person, User) and person.email:
            people.take_in(company.pk, person)


def take_in_listed(company: Company) -> int:
    """Remember owners whom so far only the list of sites named; returns how many are new."""
    known = HomeOwner.objects.filter(company=company).values("enphase_id")
    rows = (
        Activation.objects.filter(company=company, gone_at=None, owner_id__isnull=False)
        .exclude(owner_id__in=known)
        .order_by()
        .values_list("owner_id", "owner_name")
        .distinct()
    )
    new = {owner_id: name for owner_id, name in rows.iterator(chunk_size=5000) if owner_id}
    people_of_list = [
        HomeOwner(company=company, enphase_id=owner_id, listed_name=name)
        for owner_id, name in new.items()
    ]
    # Each batch is committed by itself: the first sweep of a large fleet must not lock others out.
    for start in range(0, len(people_of_list), BATCH):
        HomeOwner.objects.bulk_create(people_of_list[start : start + BATCH], ignore_conflicts=True)
    return len(new)


# ------------------------------------------------------------------ the sites of a person


class Sites:
    """companies.homeowners.places, answered from our copy of the sites."""

    def of_owner(self, home_owner: HomeOwner, user: Any = None) -> list[Place]:
        rows = _visible(home_owner.company_id, user).filter(
            Q(owner_id=home_owner.enphase_id)
            | Q(host_id=home_owner.enphase_id)
            | Q(pk__in=SiteAccess.objects.filter(home_owner=home_owner).values("activation"))
        )
        return [
            _place(row, home_owner.enphase_id) for row in rows.order_by("gone_at", "name", "pk")
        ]

    def owners_matching(self, company: Any, user: Any, text: str) -> list[int]:
        rows = _visible(company.pk, user).present()
        for word in text.split()[:6]:
            # Not the search of the sites, which looks at their owners' names too.
            rows = rows.filter(Q(name__icontains=word) | Q(reference__icontains=word))
        ids: set[int] = set()
        for pair in rows.order_by().values_list("owner_id", "host_id")[:OWNERS_AT_MOST]:
            ids.update(number for number in pair if number)
        given = SiteAccess.objects.held().filter(
            activation__in=rows.order_by().values("pk")[:OWNERS_AT_MOST]
        )
        ids.update(given.values_list("home_owner__enphase_id", flat=True)[:OWNERS_AT_MOST])
        return sorted(ids)

    def counts(self, company: Any, user: Any, home_owners: Iterable[HomeOwner]) -> dict[int, int]:
        ours = {owner.enphase_id: owner.pk for owner in home_owners}
        seen: dict[int, set[int]] = defaultdict(set)
        present = _visible(company.pk, user).present()
        rows = present.filter(Q(owner_id__in=ours) | Q(host_id__in=ours)).order_by()
        for pk, owner_id, host_id in rows.values_list("pk", "owner_id", "host_id"):
            for number in (owner_id, host_id):
                if number in ours:
                    seen[ours[number]].add(pk)
        given = SiteAccess.objects.held().filter(
            home_owner__in=ours.values(), activation__in=present.order_by().values("pk")
        )
        for owner, activation in given.values_list("home_owner", "activation"):
            seen[owner].add(activation)
        return {owner: len(sites) for owner, sites in seen.items()}

    def find(self, company: Any, user: Any, text: str) -> list[Place]:
        if not fold(text):
            return []
        rows = _matching(_visible(company.pk, user).present(), text)
        return [_place(row, 0) for row in rows.order_by("name", "pk")[:FOUND_AT_MOST]]


def _visible(company_id: int, user: Any) -> ActivationQuerySet:
    rows = Activation.objects.filter(company=company_id)
    return rows if user is None else rows.for_user(user)


def _matching(rows: ActivationQuerySet, text: str) -> ActivationQuerySet:
    for word in fold(text).split()[:6]:
        rows = rows.filter(search_text__contains=word)
    return rows


def _place(row: Activation, person: int) -> Place:
    roles = [("Owner", row.owner_id), ("Host", row.host_id)]
    return Place(
        activation=row.pk,
        system_id=row.system_id,
        name=row.name,
        reference=row.reference,
        city=row.city,
        roles=tuple(role for role, number in roles if person and number == person),
        is_gone=row.gone_at is not None,
    )
