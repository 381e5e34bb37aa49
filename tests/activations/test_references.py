"""The reference that a create carries, and what counts as the same site."""

import re
import uuid

import pytest

from activations import matching, references
from activations.forms import split_serials
from activations.models import Activation
from portal.operations.models import Operation


@pytest.mark.parametrize(
    ("typed", "project"),
    [
        ("hal-26/0917", "HAL260917"),
        ("", ""),
        ("Zürich 7", "ZURICH7"),
        ("a very long project number", "AVERYLONGPROJ"),
        ("../..'; DROP", "DROP"),
    ],
)
def test_project_number_becomes_alphanumeric(typed, project):
    assert references.project_of(typed) == project


def test_reference_has_its_three_parts(settings, halcyon):
    settings.ENVIRONMENT_LETTER = "S"
    seed = uuid.UUID(int=7)
    reference = references.mint("hal-26/0917", seed, company=halcyon)
    assert re.fullmatch("HAL260917[0-9A-HJKMNP-TV-Z]{6}S", reference)
    assert reference == references.mint("HAL 260917", seed, company=halcyon)
    assert reference != references.mint("hal-26/0917", uuid.UUID(int=8), company=halcyon)
    longest = references.mint("x" * 60, seed, company=halcyon)
    assert len(longest) == references.MAX_REFERENCE
    parts = references.take_apart(reference)
    assert (parts.project, parts.environment) == ("HAL260917", "S")
    assert references.nice(reference) == f"HAL260917 {parts.stamp}S"
    assert references.nice("HAL-26-0917") == "HAL-26-0917"


def test_reference_is_unlike_any_other_whatever_the_case(halcyon, alice):
    seed = uuid.uuid4()
    first = references.mint("p1", seed, company=halcyon)
    Activation.objects.create(
        company=halcyon,
        system_id=1,
        name="x",
        reference=first.lower(),
        updated_at="2026-01-01T00:00Z",
    )
    second = references.mint("p1", seed, company=halcyon)
    assert second.casefold() != first.casefold()
    Operation.objects.create(
        kind="activation.create",
        company=halcyon,
        key="k",
        title="t",
        payload={"system": {"reference": second}},
    )
    assert references.mint("p1", seed, company=halcyon) not in (first, second)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("418 Keller Street", "94952"), ("418  keller street.", "94952-1234"), True),
        (("418 Keller Street", "94952"), ("418 Keller St", "94952"), False),
        (("418 Keller Street", "94952"), ("418 Keller Street", "94953"), False),
        (("", "94952"), ("", "94952"), False),
    ],
)
def test_same_street(one, other, same):
    first, second = (
        {"street1": street, "postal_code": postal, "country": "US"}
        for street, postal in (one, other)
    )
    assert matching.same_street(first, second) is same


@pytest.mark.parametrize(
    ("pasted", "serials"),
    [
        ("202314071152", ["202314071152"]),
        ("2023 1407 1152", ["202314071152"]),
        ("2023-1407-1152\n202314071153", ["202314071152", "202314071153"]),
        ("202314071152, 202314071153;202314071152", ["202314071152", "202314071153"]),
        ("202314071152 202314071153", ["202314071152", "202314071153"]),
        ("202314071152 2023140711", ["202314071152", "2023140711"]),
        ("20231407", ["20231407"]),
        ("", []),
    ],
)
def test_serials_are_read_however_they_were_pasted(pasted, serials):
    assert split_serials(pasted) == serials
