"""Counters that follow the sites."""

import json

import pytest

from activations import sync, tally
from activations.models import Activation, Mirror
from companies.models import Company
from tests.activations.made import make_site


def board(company, key=""):
    return json.loads(Mirror.objects.get(company=company).tally)[key]


def test_counters_are_what_counting_gives(halcyon):
    north = Company.objects.get(enphase_id=81)
    for number in range(5):
        make_site(halcyon, number=number, stage=3, waits_for_pto=True)
    make_site(halcyon, number=7, stage=5, needs_attention=True)
    make_site(halcyon, number=8, stage=3, branch=north)
    assert tally.refresh(halcyon)
    assert board(halcyon) == [[0, 0, 0], [0, 0, 0], [6, 0, 5], [0, 0, 0], [1, 1, 0]]
    assert board(halcyon, str(north.pk))[2] == [1, 0, 0]
    assert not tally.refresh(halcyon)


def test_an_empty_company_has_counters_too(halcyon, alice):
    assert tally.read(alice, halcyon).count("all") == 0
    tally.refresh(halcyon)
    assert tally.read(alice, halcyon).count("all") == 0


@pytest.mark.parametrize("what", ["adopt", "forget", "sweep"])
def test_counters_follow_what_happens(halcyon, alice, world, what):
    sync.sweep(halcyon)
    before = tally.read(alice, halcyon)
    assert before.count("all") == Activation.objects.present().count() == 6
    if what == "adopt":
        from enphase.records import Activation as Record

        sync.adopt(halcyon, Record.from_api({"system_id": 1, "stage": 1}), detail=True)
        assert tally.read(alice, halcyon).count("all") == 7
    elif what == "forget":
        sync.forget(Activation.objects.get(system_id=702))
        assert tally.read(alice, halcyon).count("all", [1]) == 0
    else:
        world.patch_system(702, stage=2)
        sync.sweep(halcyon)
        after = tally.read(alice, halcyon)
        assert (after.count("all", [1]), after.count("all", [2])) == (0, 2)


def test_counts_respect_view_and_stage(halcyon, alice):
    sync.sweep(halcyon)
    counters = tally.read(alice, halcyon)
    present = Activation.objects.present()
    assert counters.count("open") == present.filter(is_open=True).count()
    assert counters.count("open", [5]) == 0
    assert counters.count("attention") == present.filter(needs_attention=True).count()
    assert counters.count("pto", [3, 4]) == present.filter(waits_for_pto=True).count()


def test_a_stranger_reads_no_counters(halcyon, charlie, sam):
    sync.sweep(halcyon)
    assert tally.read(charlie, halcyon).count("all") == 0
    assert tally.read(sam, None).count("all") == 6


def test_reading_takes_one_query(halcyon, alice, django_assert_num_queries):
    sync.sweep(halcyon)
    assert alice.roles
    with django_assert_num_queries(1):
        counters = tally.read(alice, halcyon)
    assert counters.synced_at is not None
    assert "CA" in json.loads(counters.facets)["state"]
