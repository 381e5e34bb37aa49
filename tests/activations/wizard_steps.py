"""How tests fill in the wizard."""

import uuid
from typing import Any

from django.test import Client
from django.urls import reverse

SITE = {
    "system_name": "Ferrer residence",
    "project": "hal-26/0917",
    "system_type": "residential",
    "internet_connection": "broadband",
    "country": "US",
    "street1": "418 Keller Street",
    "city": "Petaluma",
    "state": "CA",
    "postal_code": "94952",
}
PEOPLE: dict[str, str] = {}
EQUIPMENT = {"envoy_serial_numbers": "2026 1122 0001", "expected_pcu_count": "24"}
GRID = {"grid_connection_type": "2", "third_party_storage_device_installed": "no"}


def fill_in(client: Client, **steps: dict[str, Any]) -> uuid.UUID:
    """Post the pages of the wizard and return the draft's uuid; each must be accepted."""
    key = uuid.uuid4()
    pages = {"site": SITE, "people": PEOPLE, "equipment": EQUIPMENT, "grid": GRID} | steps
    for step, typed in pages.items():
        response = client.post(reverse("activations:wizard", args=[key, step]), typed)
        assert response.status_code == 302, (step, response.context["form"].errors)
    return key


def check_url(key: uuid.UUID) -> str:
    return reverse("activations:check", args=[key])
