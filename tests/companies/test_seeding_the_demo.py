"""The demo's people and companies, from an empty database and again."""

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from companies.models import Company, Membership
from portal.connections.models import Account
from portal.users.models import User
from tests.portal.users.signing_in import is_signed_in, sign_in


def seed(capsys):
    call_command("seed_demo")
    return capsys.readouterr().out


def every_row():
    """All rows of our own apps, without what counts visits."""
    labels = {"users", "connections", "companies", "homeowners", "activations", "operations"}
    models = [model for model in apps.get_models() if model._meta.app_label in labels]
    return {model: list(model._default_manager.order_by("pk").values()) for model in models}


def test_demo_people_sign_in_and_see_their_company(client, db, world, capsys):
    assert "ridgeline-demo" in seed(capsys)
    for email in ("alice", "dana", "bob", "charlie", "sam"):
        sign_in(client, User.objects.get(email=f"{email}@example.com"), "ridgeline-demo")
        assert is_signed_in(client)
        client.logout()
    roles = set(Membership.objects.values_list("user__email", "company__name", "role"))
    assert roles == {
        ("alice@example.com", "Halcyon Solar", "installer"),
        ("dana@example.com", "Halcyon Solar", "admin"),
        ("bob@example.com", "Halcyon Solar", "viewer"),
        ("charlie@example.com", "Bluebonnet Energy", "admin"),
    }
    assert User.objects.get(email="sam@example.com").is_support
    assert Account.objects.filter(state="healthy").count() == 2
    halcyon = Company.objects.get(enphase_id=9)
    assert halcyon.branches.count() == 2
    assert halcyon.activations.exists()


def test_second_run_changes_nothing(db, world, capsys):
    seed(capsys)
    before = every_row()
    seed(capsys)
    assert every_row() == before


def test_a_sandbox_with_a_new_world_is_connected_again(db, world, capsys):
    seed(capsys)
    world.reset("small", revoke_tokens=True)
    seed(capsys)
    assert Account.objects.filter(state="healthy").count() == 2


def test_the_real_enphase_is_refused(db, settings):
    settings.ENPHASE_IS_SANDBOX = False
    with pytest.raises(CommandError, match="real Enphase"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_no_sandbox_is_said_in_a_sentence(db):
    with pytest.raises(CommandError, match="sandbox"):
        call_command("seed_demo")
