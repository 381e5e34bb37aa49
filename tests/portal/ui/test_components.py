import re

import pytest
from django.test import override_settings

from tests.portal.ui.sheet import NOT_COMPONENTS, PARTIALS, render_partial, render_sheet, samples

SAMPLES = samples()


def test_every_component_has_a_sample():
    components = {path.stem for path in PARTIALS.glob("*.html")} - NOT_COMPONENTS
    assert components == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_component_renders_alone_and_keeps_to_the_policy(name):
    html = render_partial(name, SAMPLES[name])
    assert len(html.strip()) > 20
    assert_clean(html)


@pytest.mark.parametrize("path", sorted(PARTIALS.parent.rglob("*.html")), ids=lambda p: p.stem)
def test_templates_hold_nothing_the_policy_refuses(path):
    assert_clean(path.read_text())


@pytest.mark.parametrize("path", sorted(PARTIALS.glob("*.html")), ids=lambda path: path.stem)
def test_components_say_what_they_need(path):
    text = path.read_text()
    assert "Needs" in text or "{% extends" in text or "Blocks:" in text


def test_sheet_weighs_less_than_a_page_may():
    # 60 kB is the limit of one page; the sheet shows more than any page does.
    assert len(render_sheet().encode()) < 60_000


@override_settings(ENPHASE_IS_SANDBOX=False)
def test_the_real_enphase_is_not_called_a_sandbox():
    assert "Sandbox: nothing here reaches Enphase" not in render_sheet()


@override_settings(ENPHASE_IS_SANDBOX=True)
def test_a_sandbox_is_labelled():
    assert "Sandbox: nothing here reaches Enphase" in render_sheet()


def test_theme_is_rendered_by_the_server():
    assert '<html lang="en" data-theme="dark"' in render_sheet("dark")
    assert '<html lang="en" data-theme="auto"' in render_sheet("<script>")


def assert_clean(html: str) -> None:
    """No style attribute, no handler, no script but from a file or as data."""
    assert not re.search(r"\sstyle=", html)
    assert not re.search(r"<style\b", html)
    assert not re.search(r"\son[a-z]+=", html)
    assert "hx-on" not in html
    assert "javascript:" not in html
    for tag in re.findall(r"<script\b[^>]*>", html):
        assert "src=" in tag or 'type="application/json"' in tag, tag
