"""Reading one site anew from Enphase into our copy: what "Refresh" on a site's page asks for."""

import logging
from typing import Any

from django.utils import timezone

from activations import sync
from activations.models import Activation
from enphase import EnphaseError, RateLimited, Rejected
from enphase.records import ProductionMode
from portal.connections.services import client_for, sentence_for
from portal.ui.errors import Refused

log = logging.getLogger(__name__)


def hits_of(activation: Activation) -> int:
    """How many hits a refresh costs: production is asked for from stage 3 on."""
    return 2 if activation.stage > 2 else 1


def refresh(activation: Activation) -> str:
    """Read the site, and its production from stage 3 on. "" or a sentence on what went wrong.

    Our copy stays as it is when Enphase gives no answer; a 404 means the site is gone.
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
                take_in_production(fresh, client.activations.get_production_mode(fresh.system_id))
    except Rejected as refusal:
        # A gateway that never reported has no production mode: no fault of the refresh.
        return "" if refusal.status == 422 else sentence_for(refusal)
    except (EnphaseError, RateLimited) as error:
        return sentence_for(error)
    except Refused as refusal:
        return str(refusal)
    return ""


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
