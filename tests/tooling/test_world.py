"""The sandbox and the cast, as every other test gets them."""

import pytest

from companies.models import Membership
from portal.connections.models import Account


def test_world_starts_with_nothing_written(world):
    ledger = world.ledger()
    assert (ledger["creates"], ledger["hits"], ledger["writes"]) == (0, 0, [])


def test_clock_of_the_world_can_be_moved(world):
    before = world.clock()
    assert world.clock(advance_seconds=3600) != before


@pytest.mark.parametrize(
    ("person", "roles"),
    [
        ("alice", [("Halcyon Solar", "installer")]),
        ("bob", [("Halcyon Solar", "viewer")]),
        ("dana", [("Halcyon Solar", "admin")]),
        ("charlie", [("Bluebonnet Energy", "admin")]),
        ("sam", []),
    ],
)
def test_the_cast_is_who_it_says(person, roles, request):
    user = request.getfixturevalue(person)
    memberships = Membership.objects.filter(user=user)
    assert [(each.company.name, each.role) for each in memberships] == roles
    assert user.is_support == (person == "sam")


def test_companies_are_connected_with_tokens_of_the_sandbox(halcyon, bluebonnet):
    tokens = {account.access_token for account in Account.objects.all()}
    assert len(tokens) == 2
    assert "" not in tokens
