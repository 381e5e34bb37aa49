"""What `{{ form }}` gives: words beside the field, and the same to those who hear the page."""

import re

from django.template.loader import render_to_string

from tests.portal.ui.sheet import SampleForm


def test_hint_and_error_are_announced_with_the_field():
    html = str(SampleForm({"gateway": ""}))
    control = re.search(r'<input[^>]*id="id_gateway"[^>]*>', html)[0]
    assert 'aria-describedby="id_gateway_helptext id_gateway_error"' in control
    assert 'aria-invalid="true"' in control
    assert 'id="id_gateway_helptext"' in html
    assert 'id="id_gateway_error"' in html


def test_required_errors_name_their_field():
    html = str(SampleForm({}))
    assert "This field is required" not in html
    assert "Enter gateway serial number" in html
    assert "Choose grid connection type" in html
    assert "Tick: Nobody is working on the roof" in html


def test_summary_says_the_same_words_and_leads_there():
    form = SampleForm({})
    html = render_to_string("ui/error_summary.html", {"form": form})
    assert '<a href="#id_gateway">Enter gateway serial number</a>' in html
    assert '<a href="#id_kind_group">Choose kind</a>' in html
    assert 'id="id_kind_group"' in str(form)


def test_errors_of_the_whole_form_are_shown():
    form = SampleForm({"name": "x"})
    form.is_valid()
    form.add_error(None, "This site exists already.")
    html = render_to_string("ui/error_summary.html", {"form": form})
    assert "This site exists already." in html


def test_no_summary_without_errors():
    assert render_to_string("ui/error_summary.html", {"form": SampleForm()}).strip() == ""


def test_optional_is_said_and_required_is_not():
    html = str(SampleForm())
    assert html.count("(optional)") == 4
    assert "required" in re.search(r'<input[^>]*id="id_name"[^>]*>', html)[0]


def test_choices_are_a_group_with_a_legend():
    html = str(SampleForm())
    group = html[html.index('id="id_kind_group"') :]
    assert group.index("<legend>Kind</legend>") < group.index('type="radio"')
    assert "<small>A home</small>" in group


def test_unit_stands_beside_the_field():
    assert re.search(r'<div class="affix"><input[^>]*><span>kWp</span></div>', str(SampleForm()))


def test_markup_in_values_and_errors_stays_text():
    form = SampleForm({"name": "<b>x</b>", "grid": "<script>"})
    html = str(form) + render_to_string("ui/error_summary.html", {"form": form})
    assert "<b>x" not in html
    assert "<script>" not in html
