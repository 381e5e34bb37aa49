"""How often a person may do something delicate; counted across processes by the shared cache."""

import hashlib
import time

from django.core.cache import cache

from portal.ui.errors import Refused


class TooOften(Refused):
    """The limit is used up; the sentence says when to try again."""


def count(action: str, key: object, *, most: int, minutes: int) -> None:
    """Take one of `most` permits that `key` has for `action` in this window of `minutes`.

    Raises TooOften when none is left. Each permit is a cache entry of its own, because adding one
    either works or does not: two at once cannot take the same.
    """
    seconds = minutes * 60
    window, passed = divmod(int(time.time()), seconds)
    name = hashlib.sha256(f"{action}:{key}:{window}".encode()).hexdigest()[:32]
    if any(cache.add(f"limit:{name}:{number}", 1, seconds) for number in range(most)):
        return
    left = -(-(seconds - passed) // 60)
    raise TooOften(f"Too many tries. Wait {left} minute{'s' if left > 1 else ''}, then try again.")
