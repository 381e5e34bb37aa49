"""Signing in as a person does, because delicate pages want a recent password."""

from django.urls import reverse

from tests.conftest import PASSWORD


def sign_in(client, user, password=PASSWORD):
    """Through the real page; fails the test when it does not lead in."""
    response = client.post(reverse("account_login"), {"login": user.email, "password": password})
    assert response.status_code == 302, response.content.decode()[:2000]
    return client


def reauthenticate(client, password=PASSWORD):
    """Prove it once more, as allauth asks for before a change of factors."""
    response = client.post(reverse("account_reauthenticate"), {"password": password})
    assert response.status_code == 302, response.content.decode()[:2000]


def is_signed_in(client):
    return client.get(reverse("companies:list")).status_code == 200
