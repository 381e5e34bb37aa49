"""What Enphase tells of a site's meters: each of them, and what they measured in 24 hours."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from activations.snapshots.registry import Absent, snapshot
from enphase import Client, Rejected
from enphase.records import Meter, MeterReadings, Telemetry

KIND_WORDS = {
    "production": "Production",
    "consumption": "Consumption",
    "storage": "Storage",
}
STATE_WORDS = {"enabled": "On", "disabled": "Off"}
QUARTER = timedelta(minutes=15)


@snapshot(
    "meter",
    title="Meter",
    operation="get_meter",
    parse=Meter.from_api,
    page="meters:list",
    writes=("meter.control", "meter.update"),
)
def meter(client: Client, activation: Any, key: str) -> Meter:
    try:
        return client.meters.get_meter(activation.system_id, key)
    except Rejected as error:
        if error.status == 404 and any("Meter" in text for text in error.texts):
            raise Absent("Enphase knows no meter with this serial any more.") from error
        raise


@meter.facts
def _meter_facts(record: Meter) -> dict[str, str]:
    """What people set or exchange. Reports and status come and go by themselves."""
    maker = " ".join(filter(None, (record.manufacturer, record.model)))
    return {
        "State": state_words(record.state),
        "Kind": kind_words(record.type),
        "Operational since": (
            record.operational_date.isoformat() if record.operational_date else "Not set"
        ),
        "Made by": maker or "Not known",
        "Phase": record.phase or "Not known",
        "Gateway": record.envoy_serial_number or "Not known",
    }


@meter.restore
def _restore_meter(
    activation: Any, record: Meter, *, actor: Any, token: UUID, reason: str, key: str
) -> Any:
    from activations.meters import services

    return services.restore(
        activation, key, record, actor=actor, token=token, reason=reason or "Written back"
    )


def kind_words(kind: str | None) -> str:
    text = (kind or "").strip()
    return KIND_WORDS.get(text.casefold(), text.capitalize() or "Not known")


def state_words(state: str | None) -> str:
    text = (state or "").strip()
    return STATE_WORDS.get(text.casefold(), text.capitalize() or "Not known")


# ------------------------------------------------------------------ what they measured


@snapshot(
    "meter-production",
    title="Production of 24 hours",
    operation="get_production_meter_telemetry",
    parse=Telemetry.from_api,
    max_age=timedelta(hours=1),
    page="meters:list",
)
def production(client: Client, activation: Any, key: str) -> Telemetry:
    """Of all production meters together."""
    try:
        return client.production.get_production_meter_telemetry(
            activation.system_id, start_at=a_day_ago()
        )
    except Rejected as error:
        raise _nothing_there(error) from error


@snapshot(
    "meter-consumption",
    title="Consumption of 24 hours",
    operation="get_consumption_meter_telemetry",
    parse=Telemetry.from_api,
    max_age=timedelta(hours=1),
    page="meters:list",
)
def consumption(client: Client, activation: Any, key: str) -> Telemetry:
    """Of all consumption meters together."""
    try:
        return client.consumption.get_consumption_meter_telemetry(
            activation.system_id, start_at=a_day_ago()
        )
    except Rejected as error:
        raise _nothing_there(error) from error


def a_day_ago() -> datetime:
    """The beginning of the quarter of an hour that it was 24 hours ago."""
    now = timezone.now()
    return now - timedelta(
        days=1, minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond
    )


def _nothing_there(error: Rejected) -> Exception:
    """A window in which the site cannot have reported is an answer; anything else is none."""
    if error.status == 422:
        return Absent("Enphase has no readings of the last 24 hours.")
    return error


@snapshot(
    "meter-readings",
    title="Meter readings",
    operation="get_production_meter_readings",
    parse=MeterReadings.from_api,
    page="meters:list",
)
def readings(client: Client, activation: Any, key: str) -> MeterReadings:
    """What each production meter has counted so far; meters that are gone are among them."""
    try:
        return client.production.get_production_meter_readings(activation.system_id)
    except Rejected as error:
        if error.status in (404, 405, 501):
            raise Absent("Enphase tells no readings of this site's meters.") from error
        raise
