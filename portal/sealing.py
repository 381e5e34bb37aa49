"""Secrets at rest: sealed with the newest of FIELD_KEYS, bound to the place they belong to."""

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """A sealed text does not open: wrong key, tampered with, or moved from another row."""


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def seal(text: str, context: str) -> str:
    """Encrypt `text`; `context` names its place, such as `account:9:access_token`."""
    return _fernet().encrypt(json.dumps([context, text]).encode()).decode()


def unseal(sealed: str, context: str) -> str:
    """The text that `seal` was given. Fails closed: never returns what it cannot prove."""
    try:
        found, text = json.loads(_fernet().decrypt(sealed.encode()))
    except (InvalidToken, ValueError) as error:
        raise SealBroken(f"The sealed value of {context} does not open.") from error
    if found != context:
        raise SealBroken(f"The sealed value of {context} belongs to another place.")
    return str(text)


def reseal(sealed: str) -> str:
    """The same secret under the newest key, without looking at it."""
    try:
        return _fernet().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealBroken("A sealed value does not open under any of FIELD_KEYS.") from error


class Sealed:
    """A model attribute that reads and writes the sealed text in another column.

    The model gives `seal_context(column)`, which must name the owning row's company, so that a
    ciphertext copied to another company's row does not open there.
    """

    def __init__(self, column: str) -> None:
        self.column = column

    def __get__(self, row: Any, owner: type | None = None) -> Any:
        if row is None:
            return self
        sealed = getattr(row, self.column)
        return unseal(sealed, row.seal_context(self.column)) if sealed else ""

    def __set__(self, row: Any, text: str) -> None:
        setattr(row, self.column, seal(text, row.seal_context(self.column)) if text else "")
