"""Refreshing tokens: once, in time, and what happens when it cannot be done."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, connections
from django.utils import timezone

from enphase import NotSent, RateLimited
from portal.connections import services
from portal.connections.checks import enphase_settings
from portal.connections.models import Account, Application
from portal.connections.services import NeedsReconnect, client_for, renew, renew_after
from portal.connections.tasks import refresh_tokens
from portal.operations.models import AuditEvent

BARRIER_SECONDS = 30


def redeemed(world):
    """Refresh tokens the sandbox was shown, by outcome."""
    return world.ledger()["tokens"].get("refresh_token", {})


def age(account, **fields):
    Account.objects.filter(pk=account.pk).update(**fields)


@pytest.fixture
def account(halcyon):
    return Account.objects.get(company=halcyon)


def test_renew_gives_another_token_and_stores_the_pair(account, world):
    old = (account.access_token, account.refresh_token)
    fresh = renew(account.company_id, old[0])
    account.refresh_from_db()
    assert fresh == account.access_token != old[0]
    assert account.refresh_token != old[1]
    assert account.refreshing_until is None
    assert account.refresh_at < account.expires_at
    life = account.expires_at - account.refreshed_at
    assert account.refresh_at - account.refreshed_at == life * 0.75
    assert redeemed(world) == {"issued": 1}


def test_renew_of_a_token_that_is_not_the_newest_asks_nobody(account, world):
    assert renew(account.company_id, "an older token") == account.access_token
    assert redeemed(world) == {}


def test_refused_with_a_token_that_was_replaced_meanwhile_asks_nobody(account, world):
    """What a worker does whose write was refused: one refresh for all of them."""
    sent_at = timezone.now()
    fresh = renew_after(account.company_id, sent_at)
    assert fresh != account.access_token
    assert renew_after(account.company_id, sent_at) == fresh
    assert redeemed(world) == {"issued": 1}


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_redeem_the_token_once(halcyon, world):
    account = Account.objects.get()
    rejected = account.access_token
    for _ in range(3):
        before = redeemed(world).get("issued", 0)
        found = at_once(8, partial(renew, halcyon.pk, rejected))
        assert redeemed(world) == {"issued": before + 1}
        assert len(set(found)) == 1
        assert found[0] not in (None, rejected)
        rejected = found[0]
    assert Account.objects.get().is_healthy


@pytest.mark.django_db(transaction=True)
def test_eight_callers_of_an_expired_token_all_get_through(halcyon, world):
    Account.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    def call():
        with client_for(halcyon.pk) as client:
            return client.users.get_current_user().user_id

    assert at_once(8, call) == [2001] * 8
    assert redeemed(world) == {"issued": 1}


def test_beat_refreshes_at_three_quarters_of_the_life(account, world):
    refresh_tokens()
    assert redeemed(world) == {}
    age(account, refresh_at=timezone.now() - timedelta(seconds=1))
    refresh_tokens()
    refresh_tokens()
    assert redeemed(world) == {"issued": 1}


def test_beat_leaves_a_refresh_under_way_alone(account, world):
    age(
        account,
        refresh_at=timezone.now() - timedelta(seconds=1),
        refreshing_until=timezone.now() + timedelta(seconds=60),
    )
    refresh_tokens()
    assert redeemed(world) == {}


def test_a_claim_of_a_dead_process_runs_out(account, world):
    age(account, refreshing_until=timezone.now() - timedelta(seconds=1))
    assert renew(account.company_id, account.access_token)
    assert redeemed(world) == {"issued": 1}


def test_loser_waits_then_gives_up_without_sending(account, world, monkeypatch):
    monkeypatch.setattr(services, "WAIT_FOR_REFRESHER_SECONDS", 0.3)
    age(account, refreshing_until=timezone.now() + timedelta(seconds=60))
    with pytest.raises(NotSent):
        renew(account.company_id, account.access_token)
    assert redeemed(world) == {}
    assert Account.objects.get().is_healthy


def test_revoked_token_needs_a_person_and_is_not_tried_again(account, world):
    with client_for(account.company_id) as client:
        world.fault("get_current_user", "token_revoked", family=True)
        with pytest.raises(Exception, match=r".*"):
            client.users.get_current_user()
    account.refresh_from_db()
    assert account.state == "needs_reconnect"
    assert account.problem == "revoked"
    assert AuditEvent.objects.get().tag == "account:lost"
    with pytest.raises(NeedsReconnect):
        client_for(account.company_id)
    assert renew(account.company_id, account.access_token) is None
    refresh_tokens()
    assert redeemed(world) == {"invalid_grant": 1}


def test_reply_lost_after_rotation_then_old_token_still_good(account, world):
    """A server that gives grace: the second try with the old token answers."""
    world.reset("small", limits={"refresh_grace_seconds": 60})
    world.fault("token", "lost_reply")
    assert renew(account.company_id, account.access_token) is not None
    assert Account.objects.get().is_healthy


def test_reply_lost_after_rotation_then_needs_reconnect(account, world):
    """A strict server: the old token was used up, and the new pair never arrived."""
    world.fault("token", "lost_reply")
    assert renew(account.company_id, account.access_token) is None
    account.refresh_from_db()
    assert (account.state, account.problem) == ("needs_reconnect", "lost")


def test_new_pair_that_died_with_its_process_needs_a_person(account, world):
    """Killed between the answer and the commit: the token is used up, its claim runs out."""
    application = account.application
    services.refresh_grant(
        application.base_url, services._credentials(application), account.refresh_token
    )
    age(account, refreshing_until=timezone.now() - timedelta(seconds=1))
    assert renew(account.company_id, account.access_token) is None
    assert Account.objects.get().state == "needs_reconnect"
    assert redeemed(world) == {"issued": 1, "invalid_grant": 1}


def test_clock_of_enphase_that_runs_ahead_costs_one_refresh(account, world):
    world.clock(advance_seconds=2 * 86_400)
    with client_for(account.company_id) as client:
        assert client.users.get_current_user().user_id == 2001
        assert client.users.get_current_user().user_id == 2001
    assert redeemed(world) == {"issued": 1}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "html", "status": 502},
        {"kind": "redirect", "location": "http://127.0.0.1:9/"},
    ],
)
def test_trouble_at_enphase_does_not_kill_the_account(account, world, fault):
    world.fault("token", times=2, **fault)
    with pytest.raises(NotSent):
        renew(account.company_id, account.access_token)
    account.refresh_from_db()
    assert account.is_healthy
    assert account.refreshing_until is None
    assert renew(account.company_id, account.access_token)


def test_limit_of_the_token_endpoint_is_passed_on(account, world):
    body = {"message": "Usage limit exceeded", "code": 429, "period": "minute"}
    world.fault("token", "status", status=429, body=body)
    with pytest.raises(RateLimited):
        renew(account.company_id, account.access_token)
    assert Account.objects.get().is_healthy


def test_unreachable_enphase_is_not_sent(account, settings):
    Application.objects.update(base_url="http://127.0.0.1:9")
    settings.ENPHASE_API_URL = "http://127.0.0.1:9"
    with pytest.raises(NotSent):
        renew(account.company_id, account.access_token)
    age(account, expires_at=timezone.now() - timedelta(hours=1))
    with client_for(account.company_id) as client, pytest.raises(NotSent):
        client.users.get_current_user()
    assert Account.objects.get().is_healthy


def test_refused_application_is_named_as_the_problem(account, world):
    Application.objects.update(client_secret_sealed="")
    account = Account.objects.select_related("application").get()
    account.application.client_secret = "another-secret"
    account.application.save()
    assert renew(account.company_id, account.access_token) is None
    assert Account.objects.get().problem == "application"
    assert redeemed(world) == {"invalid_client": 1}


def test_somebody_who_connects_meanwhile_wins(account, halcyon, dana, world, monkeypatch):
    real = services.refresh_grant

    def slow(*args, **kwargs):
        services.connect(
            halcyon, username="dana@halcyon.example", password="sandbox-pass", actor=dana
        )
        return real(*args, **kwargs)

    monkeypatch.setattr(services, "refresh_grant", slow)
    found = renew(account.company_id, account.access_token)
    account.refresh_from_db()
    assert found == account.access_token
    assert account.is_healthy


def test_write_behind_an_expired_token_never_leaves(account, world):
    """What cannot be renewed before a write is NeedsReconnect or NotSent, never an unknown."""
    age(account, expires_at=timezone.now() - timedelta(hours=1))
    world.fault("token", "html", status=502, times=2)
    with client_for(account.company_id) as client, pytest.raises(NotSent):
        client.activations.create_activation({"system_name": "Never"})
    assert world.writes() == []


def test_environments_application_is_kept_equal(world, db, settings):
    first = services.shared_application()
    assert first.api_key == "sandbox-key"
    settings.ENPHASE_API_KEY = "another-key"
    second = services.shared_application()
    assert second.pk == first.pk
    assert Application.objects.get().api_key == "another-key"


def test_account_never_follows_the_environment_to_another_host(account, settings):
    settings.ENPHASE_API_URL = "https://api.enphase.example"
    with pytest.raises(NeedsReconnect, match="another Enphase application"):
        client_for(account.company_id)


@pytest.mark.parametrize(
    "url", ["http://api.enphase.example", "ftp://127.0.0.1", "https://user@host.example"]
)
def test_plain_http_is_for_this_machine_only(db, settings, url):
    settings.ENPHASE_API_URL = url
    with pytest.raises(NeedsReconnect, match="address"):
        services.shared_application()
    assert [problem.id for problem in enphase_settings(None)] == ["connections.E001"]


@pytest.mark.parametrize("name", ["ENPHASE_API_KEY", "ENPHASE_CLIENT_ID", "ENPHASE_CLIENT_SECRET"])
def test_credentials_that_cannot_travel_are_named_not_shown(db, world, settings, name):
    setattr(settings, name, "sécret-canary")
    [problem] = enphase_settings(None)
    assert problem.id == "connections.E002"
    assert "canary" not in problem.msg
    with pytest.raises(NeedsReconnect, match="Copy it again") as refused:
        services.sign_in_to_enphase("dana@halcyon.example", "sandbox-pass", actor=None)
    assert "canary" not in str(refused.value)
    assert world.ledger()["tokens"] == {}


def at_once(count, call):
    """What `count` threads get that start together, each with a database connection of its own."""
    barrier = threading.Barrier(count)
    found, problems = [], []

    def run():
        try:
            barrier.wait(BARRIER_SECONDS)
            found.append(call())
        except Exception as error:  # noqa: BLE001 - shown below
            problems.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems, problems
    assert not connection.in_atomic_block
    return found
