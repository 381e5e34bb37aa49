"""The devices of a site by type: expected, scanned, placed, detected, silent."""

import pytest
from django.urls import reverse

from activations.snapshots.services import refresh
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db


def read(site, *kinds):
    for kind in kinds or ("devices", "inverters"):
        assert refresh(site, kind) == ""


def page_of(client, person, site, query=""):
    client.force_login(person)
    return client.get(reverse("devices:list", args=[site.pk]) + query)


def sections(response):
    return {table["section"].kind: table["section"] for table in response.context["tables"]}


def counts(section):
    return {count["label"]: count["value"] for count in section.counts}


def test_nothing_read_yet_is_not_zero(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    before = world.hits
    response = page_of(client, alice, site)
    assert world.hits == before
    micros = sections(response)["micros"]
    assert counts(micros) == {
        "Expected": 24,
        "Scanned": None,
        "Placed": None,
        "Detected": None,
        "Silent": None,
    }
    page = response.content.decode()
    assert "Not read yet" in page
    assert "not detected" not in page
    assert response.context["findings"] == []
