"""Whether a battery may charge from and discharge to the grid."""

import json
from typing import Any

import pytest

from enphase import OutcomeUnknown, Rejected

PATH = "/api/v4/activations/701/battery_mode"


def test_the_mode_is_two_permissions(ask: Any) -> None:
    mode, request = ask(
        lambda c: c.activations.get_battery_mode(701), {"CFG_allowed": True, "DTG_allowed": "false"}
    )
    assert (request.method, request.path) == ("GET", PATH)
    assert (mode.cfg_allowed, mode.dtg_allowed) == (True, False)
    assert mode.raw == {"CFG_allowed": True, "DTG_allowed": "false"}


def test_both_permissions_are_sent(ask: Any) -> None:
    text, request = ask(
        lambda c: c.activations.update_battery_mode(701, cfg_allowed=True, dtg_allowed=False),
        {"message": "Battery mode updated successfully"},
    )
    assert (request.method, request.path) == ("PUT", PATH)
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"CFG_allowed": True, "DTG_allowed": False}
    assert text == "Battery mode updated successfully"


def test_a_site_without_battery_is_rejected_and_silence_is_no_mode(ask: Any) -> None:
    with pytest.raises(Rejected, match="PV only"):
        ask(
            lambda c: c.activations.get_battery_mode(701),
            {"errorMessages": ["This is a PV only site."]},
            status=422,
        )
    with pytest.raises(OutcomeUnknown):
        ask(lambda c: c.activations.get_battery_mode(701), {"message": "ok"})
