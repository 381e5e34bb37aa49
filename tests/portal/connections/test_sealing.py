"""Secrets at rest: what a stolen, swapped or re-keyed row is worth."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from portal.connections import services
from portal.connections.models import Account, Application
from portal.connections.services import NeedsReconnect, client_for
from portal.sealing import SealBroken, seal, unseal


def test_another_key_opens_nothing_and_nothing_is_sent(halcyon, world, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    account = Account.objects.get()
    with pytest.raises(SealBroken):
        account.access_token  # noqa: B018 - reading opens it
    with pytest.raises(NeedsReconnect), client_for(halcyon.pk) as client:
        client.users.get_current_user()
    account.refresh_from_db()
    assert (account.state, account.problem) == ("needs_reconnect", "unreadable")
    assert world.hits == 0


def test_tokens_of_one_company_do_not_open_in_another(halcyon, bluebonnet, world):
    theirs = Account.objects.get(company=halcyon)
    Account.objects.filter(company=bluebonnet).update(
        access_token_sealed=theirs.access_token_sealed,
        refresh_token_sealed=theirs.refresh_token_sealed,
    )
    with pytest.raises(NeedsReconnect), client_for(bluebonnet.pk) as client:
        client.users.get_current_user()
    assert world.hits == 0


def test_refresh_token_does_not_open_as_access_token(halcyon):
    account = Account.objects.get()
    account.access_token_sealed = account.refresh_token_sealed
    with pytest.raises(SealBroken):
        account.access_token  # noqa: B018


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAA", "ünï", "null"])
def test_what_is_not_sealed_does_not_open(sealed):
    with pytest.raises(SealBroken):
        unseal(sealed, "anywhere")


def test_every_secret_is_sealed_anew_and_the_old_key_can_go(halcyon, dana, settings, capsys):
    account = Account.objects.get()
    services.renew(halcyon.pk, account.access_token)  # so that there is a previous token too
    Authenticator.objects.create(user=dana, type="totp", data={"secret": seal("TOTP", "mfa")})
    Authenticator.objects.create(
        user=dana,
        type="recovery_codes",
        data={"seed": seal("SEED", "mfa"), "used_mask": 3},
    )
    person = SocialAccount.objects.create(user=dana, provider="enphase", uid="2001")
    SocialToken.objects.create(account=person, token=seal("T", "t"), token_secret=seal("S", "s"))
    account.refresh_from_db()
    tokens = (account.access_token, account.refresh_token)

    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, old]
    call_command("rotate_keys")
    assert "5 rows sealed anew" in capsys.readouterr().out
    settings.FIELD_KEYS = [new]

    account = Account.objects.get()
    assert (account.access_token, account.refresh_token) == tokens
    assert unseal(
        account.previous_refresh_token_sealed, account.seal_context("refresh_token_sealed")
    )
    assert Application.objects.get().api_key == "sandbox-key"
    assert unseal(Authenticator.objects.get(type="totp").data["secret"], "mfa") == "TOTP"
    codes = Authenticator.objects.get(type="recovery_codes").data
    assert (unseal(codes["seed"], "mfa"), codes["used_mask"]) == ("SEED", 3)
    assert unseal(SocialToken.objects.get().token_secret, "s") == "S"
    with client_for(halcyon.pk) as client:
        assert client.users.get_current_user().user_id == 2001


def test_rotation_names_what_does_not_open_and_seals_the_rest(halcyon, bluebonnet, settings):
    Account.objects.filter(company=halcyon).update(access_token_sealed="broken")
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_KEYS]
    broken = Account.objects.get(company=halcyon)
    with pytest.raises(CommandError, match=f"Account {broken.pk}"):
        call_command("rotate_keys")
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert Account.objects.get(company=bluebonnet).access_token


def test_every_sealed_column_is_known_to_rotate_keys():
    """A new sealed column without a line in rotate_keys would be lost with the old key."""
    from django.apps import apps

    from portal.connections.management.commands.rotate_keys import COLUMNS

    known = {(model, column) for model, columns in COLUMNS for column in columns}
    found = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.name.endswith("_sealed")
    }
    assert found <= known
