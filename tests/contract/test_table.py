"""docs/enphase.md is what the program prints, and what it says of pages is true."""

from django.urls import resolve

from enphase import ENDPOINTS, Client
from scripts.contract import ROOT
from scripts.contract_table import ENERGY, HEAD, NOTES, PAGES, page
from tests.enphase.conftest import APPLICATION, FixedTokens


def test_the_committed_table_is_up_to_date() -> None:
    """If not: `python -m scripts.contract --table > docs/enphase.md`."""
    assert (ROOT / "docs" / "enphase.md").read_text(encoding="utf-8") == page()


def test_each_operation_has_one_row_and_one_method() -> None:
    rows = page().removeprefix(HEAD).removesuffix(ENERGY).splitlines()
    cells = [[cell.strip(" `") for cell in row.strip("|").split(" | ")] for row in rows]
    assert [row[0] for row in cells] == list(ENDPOINTS)
    assert len(rows) == 79
    assert {len(row) for row in cells} == {6}
    with Client("http://127.0.0.1:9", APPLICATION, FixedTokens()) as client:
        for row in cells:
            group, method = row[2].split(".")
            assert callable(getattr(getattr(client, group), method))


def test_what_is_written_is_about_an_operation() -> None:
    assert set(PAGES) | set(NOTES) <= set(ENDPOINTS)


def test_pages_exist() -> None:
    for address in PAGES.values():
        assert resolve(address.replace("<id>", "1")).url_name
