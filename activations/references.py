"""The reference that a new activation carries, so that we can find it again after a lost reply.

It is the project number as typed, reduced to capital letters and digits and cut to 13, then six
letters and digits of Crockford's base 32, then the letter of this environment (P, S or D): at most
20 characters, as Enphase asks for alphanumeric text. It is fixed when the create is queued and
never changes with a new try. The letter keeps a staging portal from adopting production sites.
"""

import hashlib
import re
import unicodedata
import uuid
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q

from activations.models import Activation
from portal.operations.models import ALPHABET, Operation

MAX_PROJECT = 13
STAMP = 6
MAX_REFERENCE = MAX_PROJECT + STAMP + 1
_STAMPED = re.compile(rf"([A-Z0-9]{{0,{MAX_PROJECT}}})([{ALPHABET}]{{{STAMP}}})([PSD])")


class Parts(NamedTuple):
    """A reference of ours, taken apart: project number, stamp, environment."""

    project: str
    stamp: str
    environment: str


def normalise(text: str) -> str:
    """Capital letters and digits only: "hal-26/0917" and "HAL 26 0917" are the same project."""
    plain = unicodedata.normalize("NFKD", text or "")
    return re.sub(r"[^A-Z0-9]", "", plain.upper())


def project_of(typed: str) -> str:
    """The part of a typed project number that goes into a reference."""
    return normalise(typed)[:MAX_PROJECT]


def stamp_of(seed: uuid.UUID, turn: int = 0) -> str:
    """Six characters that follow from the token of the create, the same in every tab."""
    digest = hashlib.sha256(f"{seed}:{turn}".encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    return "".join(ALPHABET[(number >> (5 * place)) % 32] for place in range(STAMP))


def mint(typed: str, seed: uuid.UUID, *, company: Any) -> str:
    """The reference of a new activation; unlike any other of the company, whatever the case."""
    for turn in range(20):
        letter = settings.ENVIRONMENT_LETTER
        reference = f"{project_of(typed)}{stamp_of(seed, turn)}{letter}"
        if not is_taken(reference, company=company, but=seed):
            return reference
    raise RuntimeError("Twenty references in a row are taken.")


def is_taken(reference: str, *, company: Any, but: uuid.UUID) -> bool:
    """Does a site or a create of the company carry it? The create with token `but` is our own."""
    known = Activation.objects.filter(company=company, reference__iexact=reference)
    creates = Operation.objects.filter(
        Q(payload__system__reference=reference), company=company, kind="activation.create"
    ).exclude(token=but)
    return known.exists() or creates.exists()


def take_apart(reference: str) -> Parts | None:
    """The parts of a reference that a portal stamped, or None for any other text."""
    match = _STAMPED.fullmatch(reference or "")
    return Parts(*match.groups()) if match else None


def project_part(reference: str) -> str:
    """What to compare typed project numbers with: the stamped part is left out."""
    plain = normalise(reference)
    parts = take_apart(plain)
    return parts.project if parts and parts.project else plain


def nice(reference: str) -> str:
    """For people: the project number first, the stamp apart from it."""
    parts = take_apart(reference)
    if parts is None or not parts.project:
        return reference
    return f"{parts.project} {parts.stamp}{parts.environment}"
