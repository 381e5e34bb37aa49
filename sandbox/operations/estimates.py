"""Production estimates: get_estimate, update_estimate. Numbers travel as text."""

from __future__ import annotations

import math
import re
from typing import Any

from sandbox.errors import unprocessable
from sandbox.operations import kept
from sandbox.operations.bodies import wrapped
from sandbox.operations.sight import find_system
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_PATH = "/activations/{activation_id}/estimate"
_DEFAULT = {"degrade_factor": "0.5", "month_estimates": []}
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


@operation("get_estimate", "GET", _PATH)
def get_estimate(call: Call) -> Answer:
    system_id = find_system(call)["system_id"]
    estimate = kept.read(call.db, system_id, "estimate", _DEFAULT)
    return Answer(200, {"system_id": system_id, **estimate})


@operation("update_estimate", "PUT", _PATH, writes=True)
def update_estimate(call: Call) -> Answer:
    """Set or, with an empty list, clear the months. Both fields are needed each time."""
    system_id = find_system(call)["system_id"]
    fields = wrapped(call.request, "estimate")
    if fields is None:
        raise unprocessable("Estimate parameter missing in body")
    if "degrade_factor" not in fields or "month_estimates" not in fields:
        raise unprocessable("degrade_factor and month_estimates are mandatory")
    factor = _decimal(fields["degrade_factor"])
    if factor is None:
        raise unprocessable("Degrade factor must be 0.0 or higher")
    months = fields["month_estimates"]
    if not isinstance(months, list) or len(months) not in (0, 12):
        raise unprocessable("A value for each month must be provided")
    values = [_decimal(month) for month in months]
    if any(value is None or float(value) <= 0 for value in values):
        raise unprocessable("Month estimates must be greater than 0")
    kept.write(
        call.db, system_id, "estimate", {"degrade_factor": factor, "month_estimates": values}
    )
    return get_estimate(call)


def _decimal(value: Any) -> str | None:
    """Give a decimal number as text, None for anything else. "1,234.5" is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float) and math.isfinite(value) and value >= 0:
        return str(float(value))
    if isinstance(value, str) and len(value) < 30 and _DECIMAL.fullmatch(value):
        return str(float(value))
    return None
