"""Working out what a roof yields takes seconds and a large library: never in a page."""

import logging

from celery import shared_task
from django.utils import timezone

from activations.estimates import sunlight
from activations.estimates.models import Proposal

log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def work_out(pk: int) -> None:
    """Fill in a proposal. A problem is kept with it. Harmless to call twice."""
    proposal = Proposal.objects.filter(pk=pk, finished_at=None).first()
    if proposal is None:
        return
    given = proposal.assumptions
    try:
        clear = sunlight.clear_sky(
            given["latitude"],
            given["longitude"],
            [(plane["azimuth"], plane["tilt"]) for plane in given["planes"]],
        )
    except ImportError:
        proposal.problem = NOT_INSTALLED
    except Exception as error:  # noqa: BLE001 - a library's own; the person learns of it
        log.exception("Proposal %s could not be worked out", pk)
        proposal.problem = f"The yield could not be worked out ({type(error).__name__})."
    else:
        fill_in(proposal, clear)
    proposal.finished_at = timezone.now()
    proposal.save()


NOT_INSTALLED = (
    "The PV library is not installed on this server. Whoever runs it can add it "
    "(requirements-pv.txt); a yearly figure or twelve values work without it."
)


def fill_in(proposal: Proposal, clear: list[list[float]]) -> None:
    """kWh by plane and month: a clear sky's, times clearness, performance and size."""
    given = proposal.assumptions
    kept = given["performance_percent"] / 100 * (1 - given["shading_percent"] / 100)
    sizes = [plane["modules"] * given["module_w"] / 1000 for plane in given["planes"]]
    proposal.planes_kwh = [
        [
            round(light * clearness / 100 * kept * size, 1)
            for light, clearness in zip(months, given["clearness"], strict=True)
        ]
        for months, size in zip(clear, sizes, strict=True)
    ]
    proposal.clear_sky_kwh = [
        round(sum(months[month] * size for months, size in zip(clear, sizes, strict=True)), 1)
        for month in range(sunlight.MONTHS)
    ]
