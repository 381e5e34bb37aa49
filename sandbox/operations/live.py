"""Live data: stream_live_data, server-sent events with one frame a second.

Its errors have an envelope and status codes of their own. 550 to 552 are given by faults only.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections.abc import Iterator
from typing import Any

from sandbox.errors import Family, Refusal
from sandbox.operations.battery import grid_state, mode_shown
from sandbox.operations.equipment import Equipment
from sandbox.operations.sight import find_monitored
from sandbox.physics.calendar import SLOT
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_SHORTEST, _LONGEST = 30, 300
_OLDEST_VERSION = 6


@operation("stream_live_data", "GET", "/systems/{system_id}/live_data", family=Family.LIVE)
def stream_live_data(call: Call) -> Answer:
    """The duration is a header, in seconds. Nobody waits inside the transaction: the answer
    carries its frames with it."""
    seconds = _duration(call.request.headers.get("duration", ""))
    try:
        row = find_monitored(call)
    except Refusal as refusal:
        raise Refusal(468 if refusal.status == 404 else 403) from refusal
    equipment = Equipment(call.db, row, call.now)
    _require_support(equipment)
    frames = Frames(equipment, call.now, seconds)
    return Answer(
        200,
        # For faults that spoil a body: the beginning of the stream. Half of five frames, or two
        # thirds, ends within one.
        b"".join(frame for frame, _ in zip(frames, range(5), strict=False)),
        {"Cache-Control": "no-store"},
        "text/event-stream",
        delivery="events",
        params={"frames": frames, "pause_seconds": call.settings.live_frame_seconds},
    )


def _duration(text: str) -> int:
    if not text:
        return _SHORTEST
    if not re.fullmatch("-?[0-9]{1,9}", text.strip()):
        raise Refusal(463)
    seconds = int(text)
    if seconds < _SHORTEST:
        raise Refusal(461)
    if seconds > _LONGEST:
        raise Refusal(462)
    return seconds


def _require_support(equipment: Equipment) -> None:
    """Raise 466, 472 or 473 for sites that cannot stream."""
    row = equipment.row
    if row["gateway"] == "retired" or not equipment.gateway:
        raise Refusal(466)
    if not equipment.reporting:
        raise Refusal(473)
    version = re.search("[0-9]+", equipment.gateway_version)
    if version is None or int(version.group()) < _OLDEST_VERSION:
        raise Refusal(466)
    enabled = {meter.kind for meter in equipment.meters if meter.state == "enabled"}
    needed = {"production"}
    if equipment.encharges or equipment.enpowers:
        needed = {"production", "consumption"}
    if not needed <= enabled:
        raise Refusal(472)


class Frames:
    """The frames of one stream, computed one by one; may be gone through more than once."""

    def __init__(self, equipment: Equipment, start: float, seconds: int) -> None:
        self._equipment = equipment
        # Whole milliseconds, so that frames are a second apart exactly.
        self._start_ms = int(start * 1000)
        self._seconds = seconds

    def __iter__(self) -> Iterator[bytes]:
        for second in range(self._seconds):
            event = _event(self._equipment, self._start_ms + second * 1000)
            text = json.dumps(event, separators=(",", ":"))
            yield f"data:{text}\n\n".encode()


def _event(equipment: Equipment, at_ms: int) -> dict[str, Any]:
    """Power at a moment: that of its quarter of an hour, with a flutter. It balances."""
    at = at_ms // 1000
    end_at = (at // SLOT + 1) * SLOT
    quarter = {
        series: equipment.value_at(series, end_at) * 4
        for series in ("production", "consumption", "charge", "discharge")
    }
    dice = random.Random(equipment.system_id * 1_000_003 + at)
    made = int(quarter["production"] * dice.uniform(0.97, 1.03))
    used = int(quarter["consumption"] * dice.uniform(0.95, 1.05))
    battery = quarter["discharge"] - quarter["charge"]
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    soc = 0
    if equipment.plant.capacity_wh:
        stored = equipment.value_at("stored", end_at)
        soc = round(100 * stored / equipment.plant.capacity_wh)
    return {
        "data": {
            "system_id": equipment.system_id,
            "envoy_serial_number": [equipment.gateway],
            "pv_power": made,
            "consumption_power": used,
            # From the battery and from the grid are positive.
            "battery_power": battery,
            "grid_power": used - made - battery,
            "generator_power": 0,
            "battery_soc": soc,
            "battery_mode": mode_shown(equipment) if equipment.encharges else "",
            "grid_status": grid_state(equipment),
        },
        "timestamp_epoch": at_ms,
        "timestamp_utc": moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{at_ms % 1000:03}",
        "type": "response",
    }
