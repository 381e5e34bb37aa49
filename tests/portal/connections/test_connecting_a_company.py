"""Connecting Enphase by password: what people see, and where the password must not be."""

import io
import logging
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal.connections import services
from portal.connections.models import Account
from portal.operations.models import AuditEvent
from tests.conftest import PASSWORD
from tests.portal.users.signing_in import sign_in

CANARY = "canary-Xq7-enlighten-password"
CONNECT = "connections:connect"


def form(password="sandbox-pass", username="dana@halcyon.example"):
    return {"username": username, "password": password}


def test_admin_connects_again_and_sees_whom_ridgeline_acts_as(client, dana, halcyon, world):
    account = Account.objects.get()
    services.mark_needs_reconnect(account, Account.Problem.REVOKED)
    sign_in(client, dana)
    response = client.post(reverse(CONNECT), form(), follow=True)
    assert response.redirect_chain == [(reverse("connections:settings"), 302)]
    account.refresh_from_db()
    assert account.is_healthy
    assert account.connected_by == dana
    assert account.acting_name == "Dana Whitlock"
    assert world.ledger()["by_operation"] == {"get_current_user": 1}
    page = response.content.decode()
    assert "Dana Whitlock" in page
    assert "Halcyon Solar" in page
    tags = list(AuditEvent.objects.values_list("tag", flat=True))
    assert tags == ["account:lost", "account:reconnected"]


@pytest.mark.parametrize(("person", "status"), [("alice", 403), ("bob", 403), ("charlie", 302)])
def test_only_admins_connect_and_only_their_own_company(client, halcyon, request, person, status):
    user = request.getfixturevalue(person)
    before = Account.objects.get(company=halcyon)
    sign_in(client, user)
    data = form(username="tess@bluebonnet.example") if person == "charlie" else form()
    assert client.post(reverse(CONNECT), data).status_code == status
    after = Account.objects.get(company=halcyon)
    assert after.access_token_sealed == before.access_token_sealed


def test_support_cannot_connect_a_company(client, sam, halcyon):
    sign_in(client, sam)
    client.post(reverse("companies:switch"), {"company": halcyon.pk})
    assert client.post(reverse(CONNECT), form()).status_code == 403


def test_wrong_password_is_said_and_the_old_connection_stays(client, dana, halcyon):
    sign_in(client, dana)
    before = Account.objects.get()
    response = client.post(reverse(CONNECT), form(password="wrong"))
    assert response.status_code == 422
    page = response.content.decode()
    assert "Enlighten did not accept this e-mail and password" in page
    assert 'value="dana@halcyon.example"' in page
    assert "wrong" not in page
    assert Account.objects.get().access_token_sealed == before.access_token_sealed


def test_another_companys_enlighten_account_is_refused(client, dana, halcyon):
    sign_in(client, dana)
    response = client.post(reverse(CONNECT), form(username="tess@bluebonnet.example"))
    assert response.status_code == 422
    assert "belongs to Bluebonnet Energy, not to Halcyon Solar" in response.content.decode()


def limit(period):
    body = {"message": "Usage limit exceeded", "code": 429, "period": period}
    return {"kind": "status", "status": 429, "body": body, "times": 9}


@pytest.mark.parametrize("operation", ["token", "get_current_user"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "html", "status": 502, "times": 9}, "no usable answer"),
        ({"kind": "html", "status": 200, "times": 9}, "no usable answer"),
        ({"kind": "truncated", "times": 9}, "no usable answer"),
        (limit("minute"), "Continues at"),
        (limit("month"), "monthly quota"),
        ({"kind": "status", "status": 503, "times": 9}, "no usable answer"),
        ({"kind": "lost_reply", "times": 9}, "no usable answer"),
    ],
)
def test_bad_weather_is_put_into_words(client, dana, halcyon, world, operation, fault, words):
    sign_in(client, dana)
    before = Account.objects.get()
    world.fault(operation, **fault)
    response = client.post(reverse(CONNECT), form())
    assert response.status_code == 422
    assert words in response.content.decode()
    assert Account.objects.get().refresh_token_sealed == before.refresh_token_sealed


def test_a_silent_enphase_is_given_up_in_time(client, dana, halcyon, world, monkeypatch):
    monkeypatch.setattr(services, "PAGE_TIMEOUTS", services.Timeouts(1, 1, 1))
    sign_in(client, dana)
    world.fault("token", "silence", seconds=3)
    response = client.post(reverse(CONNECT), form())
    assert response.status_code == 422
    assert "no usable answer" in response.content.decode()


def test_an_unreachable_enphase_is_said(client, dana, halcyon, settings):
    settings.ENPHASE_API_URL = "http://127.0.0.1:9"
    sign_in(client, dana)
    response = client.post(reverse(CONNECT), form())
    assert response.status_code == 422
    assert "could not be reached" in response.content.decode()


def test_a_stale_session_must_prove_who_it_is_first(client, dana, halcyon, world):
    client.force_login(dana)
    response = client.post(reverse(CONNECT), form(password=CANARY))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_reauthenticate"))
    assert CANARY not in repr(dict(client.session))
    assert world.ledger()["tokens"] == {"password": {"issued": 1}}  # the fixture's own


def test_a_session_is_stale_after_a_quarter_of_an_hour(client, dana, halcyon, time_machine):
    sign_in(client, dana)
    assert client.get(reverse(CONNECT)).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    response = client.get(reverse(CONNECT))
    assert response.url.startswith(reverse("account_reauthenticate"))
    client.post(response.url, {"password": PASSWORD})
    assert client.get(reverse(CONNECT)).status_code == 200


def test_enlighten_passwords_cannot_be_guessed_through_us(
    client, dana, halcyon, world, time_machine
):
    time_machine.move_to(timezone.now().replace(minute=1, second=0), tick=True)
    sign_in(client, dana)
    for number in range(10):
        client.post(reverse(CONNECT), form(password=f"guess-{number}"))
    response = client.post(reverse(CONNECT), form())
    assert response.status_code == 422
    assert "Too many tries. Wait 9 minutes, then try again." in response.content.decode()
    assert world.ledger()["tokens"]["password"] == {"issued": 1, "invalid_grant": 10}


@pytest.mark.parametrize("fault", [None, "html", "lost_reply", "truncated"])
def test_password_is_kept_nowhere(client, dana, halcyon, world, fault):
    sign_in(client, dana)
    if fault:
        world.fault("token", fault, **({"status": 500} if fault == "html" else {}))
    with every_log_line() as lines:
        response = client.post(reverse(CONNECT), form(password=CANARY))
    assert response.status_code == 422
    assert CANARY not in response.content.decode()
    assert CANARY not in lines.getvalue()
    assert CANARY not in repr(dict(client.session))
    assert CANARY not in everything_in_the_database()
    assert PASSWORD not in everything_in_the_database()


def test_tokens_are_sealed_in_every_column(halcyon):
    account = Account.objects.get()
    dump = everything_in_the_database()
    for secret in (account.access_token, account.refresh_token, "sandbox-key", "sandbox-secret"):
        assert secret not in dump


def test_page_tells_how_the_connection_is_to_everybody_of_the_company(client, bob, halcyon):
    client.force_login(bob)
    page = client.get(reverse("connections:settings")).content.decode()
    assert "Connected" in page
    assert reverse("connections:connect") not in page
    assert reverse("connections:test") not in page


def test_charlie_sees_only_their_own_connection(client, charlie, halcyon):
    client.force_login(charlie)
    page = client.get(reverse("connections:settings")).content.decode()
    assert "dana@halcyon.example" not in page


def test_dead_connection_says_what_to_do(client, dana, halcyon):
    for problem in Account.Problem:
        Account.objects.update(state="needs_reconnect", problem=problem)
        client.force_login(dana)
        page = client.get(reverse("connections:settings")).content.decode()
        assert 'id="connection-health"' in page
        assert "connect" in page
        assert reverse("connections:connect") in page


def test_test_button_costs_one_hit_and_keeps_the_result(client, alice, halcyon, world):
    client.force_login(alice)
    response = client.post(reverse("connections:test"), follow=True)
    assert "The connection works." in response.content.decode()
    assert world.hits == 1
    assert Account.objects.get().tested_at is not None


def test_test_button_says_when_the_account_was_revoked(client, alice, halcyon, world):
    world.fault("get_current_user", "token_revoked", family=True)
    client.force_login(alice)
    response = client.post(reverse("connections:test"), follow=True)
    assert Account.objects.get().state == "needs_reconnect"
    assert "Enphase no longer accepts this connection" in response.content.decode()


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("charlie", 302), ("sam", 404)])
def test_who_may_not_test_halcyons_connection(client, halcyon, world, request, person, status):
    user = request.getfixturevalue(person)
    client.force_login(user)
    assert client.post(reverse("connections:test")).status_code == status
    assert Account.objects.get(company=halcyon).tested_at is None


def test_disconnect_forgets_the_tokens(client, dana, halcyon):
    sign_in(client, dana)
    client.post(reverse("connections:disconnect"))
    account = Account.objects.get()
    assert account.access_token == ""
    assert account.refresh_token == ""
    assert not account.is_healthy
    with pytest.raises(services.NeedsReconnect):
        services.client_for(halcyon.pk)
    assert AuditEvent.objects.get().tag == "account:disconnected"


def test_bob_cannot_disconnect(client, bob, halcyon):
    sign_in(client, bob)
    assert client.post(reverse("connections:disconnect")).status_code == 403
    assert Account.objects.get().is_healthy


@contextmanager
def every_log_line():
    """All that any logger says at DEBUG, before our redaction."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    root = logging.getLogger()
    names = ["urllib3", "requests", "django", "enphase", "portal", "django.request"]
    levels = {name: logging.getLogger(name).level for name in names}
    root_level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(root_level)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def everything_in_the_database():
    """Every column of every row of every table, as the database holds them."""
    dump = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            dump.append(repr(cursor.fetchall()))
    return "\n".join(dump)
