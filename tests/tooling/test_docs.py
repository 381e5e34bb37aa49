"""What the documents promise is there: settings, commands, targets, files."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def test_every_setting_is_documented():
    settings = (ROOT / "portal" / "settings.py").read_text()
    names = set(re.findall(r"""env(?:\.\w+)?\(\s*"([A-Z_]+)\"""", settings))
    documented = (ROOT / "docs" / "operations.md").read_text()
    assert {name for name in names if f"`{name}`" not in documented} == set()
    assert "DATABASE_URL" in names


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(path):
    text = path.read_text()
    known = set(get_commands())
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) - known == set()
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z0-9]+)", text, re.MULTILINE)) - targets == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path):
    named = re.findall(
        r"`((?:portal|companies|activations|enphase|scripts)/[\w/.]+)`", path.read_text()
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_decisions_are_all_listed():
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text()
    assert [path.name for path in folder.glob("0*.md") if path.name not in listed] == []
