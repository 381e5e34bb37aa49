"""The page of usage and cost: what the month took, by operation and by person."""

import pytest
from django.urls import reverse

from portal.connections.services import client_for

pytestmark = pytest.mark.django_db
URL = "/usage/"


def test_the_month_by_operation_and_by_person(client, halcyon, bluebonnet, alice, charlie, world):
    with client_for(halcyon.pk, person_id=alice.pk) as enphase:
        enphase.users.get_current_user()
        enphase.activations.list_activations()
    with client_for(halcyon.pk, lane="sync") as enphase:
        enphase.activations.list_activations()
    assert reverse("usage:usage") == URL
    client.force_login(alice)
    answer = client.get(URL)
    assert answer.context["total"]["hits"] == 3
    assert "Alice Ferrer" in answer.text
    assert "Ridgeline itself" in answer.text
    assert "list_activations" in answer.text
    client.force_login(charlie)
    answer = client.get(URL)
    assert answer.context["total"]["hits"] == 0
    assert "No hits in" in answer.text


@pytest.mark.parametrize("month", ["2020-01", "x", "2026-13", "' OR 1"])
def test_other_months_and_nonsense(client, alice, month):
    client.force_login(alice)
    assert client.get(URL, {"month": month}).status_code == 200
