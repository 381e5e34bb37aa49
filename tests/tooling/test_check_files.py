"""Each house rule goes red when it is broken, and stays green for what only looks like it."""

import pytest

from scripts import check_files

BROKEN = [
    ("templates/a.html", '<p style="color: red">', "inline style"),
    ("templates/a.html", "<style>", "inline style"),
    ("templates/a.html", "<script>", "inline script"),
    ("templates/a.html", '<a href="javascript:go()">', "inline script"),
    ("templates/a.html", '<button onclick="go()">', "inline handler"),
    ("templates/a.html", '<div hx-on:click="go()">', "inline handler"),
    ("docs/a.md", "see " + "/".join(["", "work", "main"]), "path of one machine"),
    (
        "requirements.txt",
        "--index-url https://" + ".".join(["pypi", "org"]),
        "address of a package registry",
    ),
    ("portal/a.py", "# " + "".join(["TO", "DO"]) + ": later", "marked as unfinished"),
]
FINE = [
    ("templates/a.html", '<script id="data" type="application/json">{}</script>'),
    ("templates/a.html", "{% comment %}\nno <style> here\n{% endcomment %}"),
    ("templates/a.html", "<script\n  src=\"{% static 'portal.js' %}\" defer></script>"),
    ("templates/a.html", "<script src=\"{% static 'portal.js' %}\" defer></script>"),
    ("templates/a.html", '<link rel="stylesheet" href="x.css">'),
    ("templates/a.html", '<button hx-post="/x" hx-confirm="Sure?">'),
    ("docs/a.md", "the folder /var/lib/ridgeline, and work/root as words"),
    ("portal/a.py", 'url = f"{base}/work"'),
]


@pytest.mark.parametrize(("path", "line", "rule"), BROKEN)
def test_a_broken_rule_is_found(path, line, rule, tmp_path, monkeypatch):
    assert [found.split(": ")[1] for found in check(path, line, tmp_path, monkeypatch)] == [rule]


@pytest.mark.parametrize(("path", "line"), FINE)
def test_what_only_looks_like_it_is_left_alone(path, line, tmp_path, monkeypatch):
    assert check(path, line, tmp_path, monkeypatch) == []


def check(path, line, folder, monkeypatch):
    monkeypatch.setattr(check_files, "ROOT", folder)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(f"first line\n{line}\n")
    return list(check_files.broken_rules(path))
