"""Reading one home owner anew: what "Refresh" on a person's page asks a worker for."""

import logging
import time

from celery import shared_task
from django.core.cache import cache

from companies.homeowners import people
from companies.homeowners.models import HomeOwner
from companies.homeowners.places import places
from enphase import EnphaseError, RateLimited, Rejected
from portal.connections.services import client_for, sentence_for
from portal.operations import words
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# A page stops waiting after this time; the reading itself goes on.
PATIENCE_SECONDS = 90
PROBLEM_SHOWN_SECONDS = 600


def ask(owner: HomeOwner) -> bool:
    """Let a worker read the person. False when no worker can be told."""
    cache.delete(_problem_key(owner.pk))
    try:
        read_owner.apply_async(args=[owner.pk], queue="interactive", expires=300)
    except Exception as error:  # noqa: BLE001 - kombu raises what its transport raises
        log.warning("Reading of home owner %s not queued (%s)", owner.pk, type(error).__name__)
        return False
    return True


def is_awaited(owner: HomeOwner, asked: float) -> bool:
    """Is the answer to what was asked for at `asked` (epoch seconds) still to come?"""
    if not 0 <= time.time() - asked < PATIENCE_SECONDS or problem_of(owner):
        return False
    return owner.read_at is None or owner.read_at.timestamp() < asked


def problem_of(owner: HomeOwner) -> str:
    """What went wrong with the last reading, "" when nothing did."""
    return str(cache.get(_problem_key(owner.pk), ""))


def _problem_key(pk: int) -> str:
    return f"home-owner-problem:{pk}"


@shared_task(ignore_result=True)
def read_owner(pk: int) -> None:
    """Read one person; a problem is kept for the page that waits. Harmless to call twice."""
    owner = HomeOwner.objects.filter(pk=pk).first()
    if owner is None:
        return
    problem = read(owner)
    if problem:
        cache.set(_problem_key(pk), problem, PROBLEM_SHOWN_SECONDS)


def read(owner: HomeOwner) -> str:
    """Read a person (get_user, or get_activation_user on a site of theirs). "" or a sentence.

    Our copy stays as it is when Enphase gives no answer.
    """
    sites = [place.system_id for place in places().of_owner(owner) if not place.is_gone]
    # Whom we created is always ours to see; others only on their sites.
    through = sites[0] if sites and owner.created_at is None else None
    try:
        with client_for(owner.company_id) as client:
            user = people.ask_for(client, owner.enphase_id, through)
    except Rejected as refusal:
        if refusal.status == 404:
            return "Enphase does not know this person any more."
        if refusal.status == 401:
            return (
                "Enphase shows a person only to the company that created them, or on a site of "
                "yours that they own or host. What stands here is all that is known."
            )
        return words.explain(refusal)
    except RateLimited as error:
        return words.explain(error)
    except EnphaseError as error:
        return sentence_for(error)
    except Refused as refusal:
        return str(refusal)
    people.take_in(owner.company_id, user)
    return ""
