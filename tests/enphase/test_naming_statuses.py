"""Two vocabularies for one status."""

import pytest

from enphase.statuses import SEARCHABLE, TEXTS, key_of, text_of
from tests.enphase import contract


@pytest.mark.parametrize(
    ("given", "key", "text"),
    [
        ("micro", "micro", "Microinverters Not Reporting"),
        ("Microinverters Not Reporting", "micro", "Microinverters Not Reporting"),
        ("  MICROINVERTERS not  reporting ", "micro", "Microinverters Not Reporting"),
        ("Normal", "normal", "System Normal"),
        ("System Normal", "normal", "System Normal"),
        ("Error", "error", "Error"),
        ("error", "error", "Error"),
        ("Informational", "info", "Informational"),
        ("debug", "debug", "Informational"),
        ("Meter Collar Not Reporting", "iq_collar", "Meter Collar Not Reporting"),
        ("Something of 2027", "Something of 2027", "Something of 2027"),
        ("", "", ""),
    ],
)
def test_keys_and_texts_find_each_other(given: str, key: str, text: str) -> None:
    assert key_of(given) == key
    assert text_of(given) == text


def test_every_text_leads_back_to_a_key_with_that_text() -> None:
    assert len(TEXTS) == 33
    for key, text in TEXTS.items():
        assert text_of(key) == text
        assert TEXTS[key_of(text)] == text


def test_search_accepts_twelve() -> None:
    assert len(SEARCHABLE) == 12
    assert set(TEXTS) >= SEARCHABLE


@pytest.mark.skipif(not contract.CONTRACT.exists(), reason=contract.WHY_SKIPPED)
def test_the_whole_mapping_of_the_contract_both_ways() -> None:
    rows = contract.document()["x-status-mapping"]
    assert len(rows) == 32
    for row in rows:
        assert text_of(row["api"]) == row["enlighten"]
        assert text_of(key_of(row["enlighten"])) == row["enlighten"]
