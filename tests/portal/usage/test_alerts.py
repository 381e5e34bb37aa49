"""Admins hear once when the month's quota or most of its money is gone."""

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from enphase import RateLimited
from portal.connections.services import client_for
from portal.usage import plan as plans
from portal.usage.models import Allowance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_alert_yet():
    cache.clear()


def test_a_used_up_month_is_mailed_to_the_admins_once_and_shown(
    client, halcyon, bluebonnet, dana, alice, world
):
    world.fault("list_activations", "rate_limited", period="month", times=5)
    for _ in range(3):
        with client_for(halcyon.pk) as enphase, pytest.raises(RateLimited):
            enphase.activations.list_activations()
    assert [message.to for message in mail.outbox] == [["dana@halcyon.example"]]
    assert "monthly quota" in mail.outbox[0].subject
    client.force_login(alice)
    assert "The monthly quota is used up until" in client.get(reverse("usage:usage")).text


def test_budget_steps_are_mailed_as_they_are_passed(client, halcyon, dana, world, settings):
    settings.USAGE_PLAN = {
        **settings.USAGE_PLAN,
        "budget_mills": 1000,
        "included_hits": 0,
        "hit_mills": 100,
    }
    with client_for(halcyon.pk) as enphase:
        for _ in range(10):
            enphase.users.get_current_user()
    assert [message.subject for message in mail.outbox] == [
        "Ridgeline: 80% of the month's budget for Enphase is spent",
        "Ridgeline: 100% of the month's budget for Enphase is spent",
    ]
    client.force_login(dana)
    assert "of the budget of $1.00 is spent" in client.get(reverse("usage:usage")).text


def test_a_block_that_is_over_is_not_shown(client, halcyon, dana):
    Allowance.objects.create(
        application=halcyon.account.application,
        month=plans.month_of(timezone.now()),
        month_blocked_until=timezone.now(),
    )
    client.force_login(dana)
    assert "used up" not in client.get(reverse("usage:usage")).text
