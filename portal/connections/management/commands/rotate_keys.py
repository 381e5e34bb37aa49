"""Seal every secret in the database anew with the newest of FIELD_KEYS.

Put the new key first in FIELD_KEYS, restart, run this, then take the old key out. The portal goes
on working meanwhile: every key opens, the first one seals. Running it twice does no harm.
"""

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialToken
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from portal.connections.models import Account, Application
from portal.sealing import SealBroken, reseal

COLUMNS: list[tuple[type[models.Model], tuple[str, ...]]] = [
    (Application, ("api_key_sealed", "client_secret_sealed")),
    (
        Account,
        ("access_token_sealed", "refresh_token_sealed", "previous_refresh_token_sealed"),
    ),
    (SocialToken, ("token", "token_secret")),
]
# Where allauth's MFA adapter keeps what it encrypts, inside Authenticator.data.
MFA_SECRETS = ("secret", "seed", "migrated_codes")


class Command(BaseCommand):
    help = "Seal tokens, application secrets and second factors anew with the newest key."

    def handle(self, *args: Any, **options: Any) -> None:
        done, broken = 0, []
        for name, row, changed in every_sealed_row():
            try:
                fields = changed(row)
            except SealBroken:
                broken.append(f"{name} {row.pk}")
                continue
            if fields:
                # Only where nothing was written meanwhile: a refresh seals with the newest key.
                old, new = fields
                done += type(row)._default_manager.filter(pk=row.pk, **old).update(**new)
        self.stdout.write(f"{done} rows sealed anew.")
        if broken:
            raise CommandError(
                "These do not open under any of FIELD_KEYS and were left as they are: "
                + ", ".join(broken)
            )


Fields = tuple[dict[str, Any], dict[str, Any]]


def every_sealed_row() -> Iterable[tuple[str, Any, Any]]:
    """Name of the table, the row, and a function that gives its old and new columns."""
    for model, columns in COLUMNS:
        for row in model._default_manager.iterator():
            yield model.__name__, row, lambda row, columns=columns: _columns(row, columns)
    for authenticator in Authenticator.objects.iterator():
        yield "Authenticator", authenticator, _authenticator


def _columns(row: Any, columns: tuple[str, ...]) -> Fields:
    old = {column: getattr(row, column) for column in columns if getattr(row, column)}
    return old, {column: reseal(sealed) for column, sealed in old.items()}


def _authenticator(row: Authenticator) -> Fields | None:
    data = dict(row.data)
    for name in MFA_SECRETS:
        sealed = data.get(name)
        if isinstance(sealed, str):
            data[name] = reseal(sealed)
        elif isinstance(sealed, list):
            data[name] = [reseal(item) for item in sealed]
    return ({"data": row.data}, {"data": data}) if data != row.data else None
