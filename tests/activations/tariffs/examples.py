"""Tariffs as Enphase sends them, and the site they belong to."""

from html.parser import HTMLParser
from typing import Any

from activations.models import Activation
from activations.snapshots import services as snapshots
from companies.models import Company
from enphase.records import SystemTariff
from portal.connections.services import client_for
from tests.activations.sites import copy_of
from tests.worlds import World

ALL_DAYS = "Sun,Mon,Tue,Wed,Thu,Fri,Sat"


def periods(*pairs: tuple[int, str]) -> list[dict[str, Any]]:
    return [
        {"id": f"period_{number}", "start": start, "rate": rate}
        for number, (start, rate) in enumerate(pairs, start=1)
    ]


# The example of the design: summer with peaks by day set, winter the same every day.
BAY: dict[str, Any] = {
    "currency": {"code": "USD"},
    "single_rate": {"rate": "0.28", "sell": "0.06"},
    "seasons": [
        {
            "id": "summer",
            "start": "6/1",
            "days": [
                {
                    "id": "weekdays",
                    "days": "Mon,Tue,Wed,Thu,Fri",
                    "must_charge_start": 0,
                    "must_charge_duration": 59,
                    "periods": periods((0, "0.31"), (900, "0.42"), (960, "0.58"), (1260, "0.42")),
                    "enable_charge_from_grid": True,
                },
                {
                    "id": "weekend",
                    "days": "Sun,Sat",
                    "must_charge_start": 0,
                    "must_charge_duration": 0,
                    "periods": periods((0, "0.31"), (1020, "0.49"), (1200, "0.31")),
                    "enable_charge_from_grid": False,
                },
            ],
        },
        {
            "id": "winter",
            "start": "10/1",
            "days": [
                {
                    "id": "all_days",
                    "days": ALL_DAYS,
                    "must_charge_start": 0,
                    "must_charge_duration": 0,
                    "periods": periods((0, "0.29"), (960, "0.39"), (1260, "0.34")),
                }
            ],
        },
    ],
    "seasons_sell": [],
    "storage_settings": {"mode": "self-consumption", "reserved_soc": 30},
}


def put(company: Company, system_id: int, tariff: dict[str, Any], world: World) -> None:
    """Change the tariff behind the portal's back, and let the gateway have it."""
    with client_for(company.pk) as client:
        client.tariffs.update_tariff(system_id, tariff)
    world.clock(advance_seconds=120)


def there(company: Company, system_id: int) -> SystemTariff:
    """What Enphase has now."""
    with client_for(company.pk) as client:
        return client.tariffs.get_tariff(system_id)


def site_with(
    company: Company, world: World, tariff: dict[str, Any] | None = BAY, system_id: int = 703
) -> Activation:
    """A site in our copy whose tariff we have read; site 703 has batteries and a gateway."""
    site = copy_of(company, system_id)
    if tariff is not None:
        put(company, system_id, tariff, world)
    assert snapshots.refresh(site, "tariff") == ""
    return site


class _Fields(HTMLParser):
    """Collects what a browser would send for one form, without any button pressed."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside, self.select = form_id, False, ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in pairs}
        if tag == "form":
            self.inside = attributes.get("id") == self.form_id
        name = attributes.get("name", "")
        if tag == "option" and self.inside and self.select:
            if self.select not in self.fields or "selected" in attributes:
                self.fields[self.select] = attributes.get("value", "")
        elif self.inside and name and tag == "select":
            self.select = name
        elif self.inside and name and tag == "input":
            ticked = attributes.get("type") in ("checkbox", "radio")
            if not ticked or "checked" in attributes:
                self.fields[name] = attributes.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "select":
            self.select = ""


def fields_of(html: str, form_id: str = "tariff-form") -> dict[str, str]:
    """What a browser would send for a form, without any button pressed."""
    parser = _Fields(form_id)
    parser.feed(html)
    assert parser.fields, f"no form {form_id}"
    return parser.fields
