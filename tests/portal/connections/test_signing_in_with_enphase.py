"""The authorization code flow against the sandbox's own sign-in page."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from portal.users.models import User
from tests.portal.users.signing_in import is_signed_in, reauthenticate, sign_in

PERSON = {"email": "dana@halcyon.example", "password": "sandbox-pass"}


def leave(client, process="login"):
    """Press the button; the address of Enphase's page that the portal leads to."""
    response = client.post(reverse("enphase_login") + f"?process={process}")
    assert response.status_code == 200
    target = response.headers["Refresh"].partition("url=")[2]
    assert target.replace("&", "&amp;") in response.content.decode()
    return target


def come_back(client, target, decision="approve", **person):
    """Sign in at the sandbox as a browser would, and follow its redirect to the portal."""
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    answer = requests.post(
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        data={**query, **PERSON, **person, "decision": decision},
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith("http://testserver/")
    return client.get(location.removeprefix("http://testserver"))


@pytest.fixture
def connected(client, dana):
    """Dana has connected her Enlighten sign-in to her account here."""
    sign_in(client, dana)
    reauthenticate(client)
    come_back(client, leave(client, "connect"))
    client.logout()
    return dana


def test_button_asks_before_it_leads_away(client, world, db):
    page = client.get(reverse("enphase_login"))
    assert page.status_code == 200
    assert "Refresh" not in page.headers


def test_address_of_enphase_holds_no_secret(client, world, db):
    target = leave(client)
    assert target.startswith(f"{world.url}/oauth/authorize?")
    assert "sandbox-secret" not in target
    assert "sandbox-key" not in target
    assert parse_qs(urlsplit(target).query)["state"]


def test_connected_person_signs_in(client, connected, world):
    assert SocialAccount.objects.get().uid == "2001"
    other = Client()
    come_back(other, leave(other))
    assert is_signed_in(other)


def test_who_am_i_costs_one_hit_with_the_key(client, connected, world):
    assert world.ledger()["by_operation"] == {"get_current_user": 1}
    assert world.ledger()["tokens"]["authorization_code"] == {"issued": 1}


def test_stranger_gets_no_account_by_it(client, world, db, halcyon):
    before = User.objects.count()
    come_back(client, leave(client))
    assert not is_signed_in(client)
    assert User.objects.count() == before
    assert not SocialAccount.objects.exists()


def test_enlighten_sign_in_of_one_person_is_not_taken_over(client, connected, alice):
    other = Client()
    sign_in(other, alice)
    reauthenticate(other)
    come_back(other, leave(other, "connect"))
    assert SocialAccount.objects.get().user == connected


def test_tokens_are_sealed_in_database_and_session(client, connected):
    other = Client()
    come_back(other, leave(other))
    token = SocialToken.objects.get()
    assert token.token.startswith("gAAAA")
    assert token.token_secret.startswith("gAAAA")
    sessions = [session.get_decoded() for session in Session.objects.all()]
    assert sessions
    # Every token of Enphase begins so; it is a JWT.
    assert "eyJ" not in repr(sessions)
    assert "eyJ" not in repr(SocialAccount.objects.values())


def test_answer_with_a_forged_state_is_refused(client, connected):
    other = Client()
    target = leave(other)
    come_back(other, target.replace("state=", "state=x"))
    assert not is_signed_in(other)


def test_answer_in_another_browser_is_refused(client, connected):
    victim, attacker = Client(), Client()
    come_back(victim, leave(attacker))
    assert not is_signed_in(victim)


def test_person_who_says_no_is_told_so(client, world, db):
    response = come_back(client, leave(client), decision="deny")
    assert response.status_code == 302
    assert response.url == reverse("socialaccount_login_cancelled")


@pytest.mark.parametrize("operation", ["token", "get_current_user"])
def test_trouble_at_enphase_is_a_page_not_a_crash(client, connected, world, operation):
    world.fault(operation, "html", status=502, times=9)
    other = Client()
    response = come_back(other, leave(other))
    assert response.status_code == 401
    assert "Enphase did not sign you in" in response.content.decode()
    assert not is_signed_in(other)
