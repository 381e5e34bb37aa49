"""Reading one site anew from Enphase into our copy: what "Refresh" on a site's page asks for."""

import logging
import time
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from activations import sync
from activations.models import Activation
from enphase import EnphaseError, RateLimited, Rejected
from enphase.records import ProductionMode
from portal.connections.services import client_for, sentence_for
from portal.operations import words
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# A page stops waiting for a refresh after this time; the refresh itself goes on.
PATIENCE_SECONDS = 90
PROBLEM_SHOWN_SECONDS = 600


def hits_of(activation: Activation) -> int:
    """How many hits a refresh costs: production is asked for from stage 3 on."""
    return 2 if activation.stage > 2 else 1


def ask(activation: Activation) -> bool:
    """Let a worker read the site. False when no worker can be told."""
    cache.delete(_problem_key(activation.pk))
    try:
        refresh_site.apply_async(args=[activation.pk], queue="interactive", expires=300)
    except Exception as error:  # noqa: BLE001 - kombu raises what its transport raises
        log.warning("Refresh of site %s not queued (%s)", activation.pk, type(error).__name__)
        return False
    return True


def is_awaited(activation: Activation, asked: float) -> bool:
    """Is the answer to a refresh asked for at `asked` (epoch seconds) still to come?"""
    waited = time.time() - asked
    if not 0 <= waited < PATIENCE_SECONDS or problem_of(activation):
        return False
    return activation.detail_at is None or activation.detail_at.timestamp() < asked


def problem_of(activation: Activation) -> str:
    """What went wrong with the last refresh, "" when nothing did."""
    return str(cache.get(_problem_key(activation.pk), ""))


def _problem_key(pk: int) -> str:
    return f"activation-refresh-problem:{pk}"


@shared_task(ignore_result=True)
def refresh_site(pk: int) -> None:
    """Read one site; a problem is kept for the page that waits. Harmless to call twice."""
    activation = Activation.objects.select_related("company").filter(pk=pk).first()
    if activation is None:
        return
    problem = refresh(activation)
    if problem:
        cache.set(_problem_key(pk), problem, PROBLEM_SHOWN_SECONDS)


def refresh(activation: Activation) -> str:
    """Read the site, and its production from stage 3 on. "" or a sentence on what went wrong.

    Our copy stays as it is when Enphase gives no answer; a 404 means that the site is gone.
    Operations get_activation, get_production_mode.
    """
    try:
        with client_for(activation.company_id) as client:
            try:
                record = client.activations.get_activation(activation.system_id)
            except Rejected as refusal:
                if refusal.status != 404:
                    raise
                sync.forget(activation)
                return "This site is not at Enphase any more."
            fresh = sync.adopt(activation.company, record, detail=True)
            if fresh.stage > 2:
                _read_production(client, fresh)
    except (Rejected, RateLimited) as error:
        return words.explain(error)
    except EnphaseError as error:
        return sentence_for(error)
    except Refused as refusal:
        return str(refusal)
    return ""


def _read_production(client: Any, activation: Activation) -> None:
    try:
        mode = client.activations.get_production_mode(activation.system_id)
    except Rejected as refusal:
        # No active gateway, or none that ever reported: there is no production mode to keep.
        if refusal.status != 422:
            raise
    else:
        take_in_production(activation, mode)


def take_in_production(activation: Activation, mode: ProductionMode) -> None:
    """Keep what the gateway said about production, and when."""
    known: dict[str, Any] = {
        "mode": mode.mode or "",
        "total_micros": mode.total_micros,
        "energy_producing_micros": mode.energy_producing_micros,
    }
    Activation.objects.filter(pk=activation.pk).update(
        production_mode=mode.mode or activation.production_mode,
        production=known,
        production_at=timezone.now(),
    )
