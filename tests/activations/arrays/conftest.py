"""A site whose arrays are drawn from nothing."""

import pytest

from activations.snapshots import services as snapshots
from tests.activations.sites import copy_of


@pytest.fixture
def site(halcyon):
    """24 microinverters, nothing drawn yet."""
    site = copy_of(halcyon, 701)
    assert snapshots.refresh(site, "arrays") == ""
    assert snapshots.refresh(site, "inverters") == ""
    return site


@pytest.fixture
def micros(site):
    return snapshots.current(site, "arrays").record.inventory
