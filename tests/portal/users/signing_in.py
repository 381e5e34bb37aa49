"""Signing in as a person does, because delicate pages want a recent password."""

from django.urls import reverse

from tests.conftest import PASSWORD


def sign_in(client, user, password=PASSWORD):
    response = client.post(
        reverse("account_login"), {"login": user.email, "password": password}
    )
    assert response.status_code == 302, response.content.decode()[:2000]
    return client
