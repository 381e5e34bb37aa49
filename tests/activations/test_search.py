"""Finding a site by name, reference, address, owner or system id."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from activations import search, sync, tally
from activations.filters import Filters
from activations.models import Activation
from tests.activations.made import make_site


@pytest.fixture
def swept(halcyon):
    sync.sweep(halcyon)
    return halcyon


@pytest.fixture(params=["index", "walk"])
def way(request, monkeypatch):
    """Both ways to search must find the same."""
    monkeypatch.setattr(search, "_sizes", {})
    monkeypatch.setattr(search, "SMALL_COMPANY", 0 if request.param == "index" else 10**9)
    monkeypatch.setattr(search, "is_small", lambda company: request.param == "walk")
    return request.param


def found(client, query, **more):
    response = client.get("/activations/", {"view": "all", "q": query} | more)
    page = response.content.decode()
    return {part.split(">")[1].split("<")[0] for part in page.split('class="title"')[1:]}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("okafor", {"Okafor residence", "Okafor guest house", "Brennan workshop"}),
        ("OKAFOR   Residence", {"Okafor residence"}),
        ("residence okafor", {"Okafor residence"}),
        ("hal704", {"Delgado barn"}),
        ("alder court", {"Okafor residence", "Okafor guest house"}),
        ("95814 701", {"Okafor residence"}),
        ("703", {"Whitaker residence"}),
        ("lupine way petaluma", {"Brennan workshop"}),
        ("zz", set()),
        ("okafor zanzibar", set()),
        ("guest-residence", set()),
        ("xokafor", set()),
    ],
)
def test_words_are_found_wherever_they_stand(client, alice, swept, way, query, names):
    client.force_login(alice)
    assert found(client, query) == names


def test_accents_and_case_make_no_difference(client, alice, halcyon, way):
    sync.adopt(halcyon, _record(1, "Inés Muñoz Straße"), detail=False)
    client.force_login(alice)
    for query in ("ines", "INÉS", "munoz", "strasse"):
        assert found(client, query) == {"Inés Muñoz Straße"}


def test_wildcards_and_operators_are_letters(client, alice, halcyon, way):
    make_site(halcyon, number=1, name="100% solar_house")
    make_site(halcyon, number=2, name="Plain")
    client.force_login(alice)
    assert found(client, "100%") == {"100% solar_house"}
    assert found(client, "solar_h") == {"100% solar_house"}
    for query in ("%%%", "___", "%" * 500, '"', '" OR "', "NEAR(", "a* OR b*", "\\", "'; --", "*"):
        assert found(client, query) == set(), query


def test_query_is_capped(client, alice, halcyon):
    assert len(search.words_of(" ".join(f"w{n}" for n in range(50)))) == search.MAX_WORDS
    assert sum(map(len, search.words_of("x" * 5000))) == search.MAX_LENGTH


def test_search_respects_filters_and_company(client, alice, charlie, swept, way):
    client.force_login(alice)
    assert found(client, "okafor", stage="5") == {"Okafor guest house"}
    client.force_login(charlie)
    assert found(client, "okafor") == set()


def test_the_index_follows_every_change(client, alice, halcyon, way):
    site = make_site(halcyon, number=1, name="Before")
    client.force_login(alice)
    assert found(client, "before") == {"Before"}
    site.name, site.search_text = "After", "after"
    site.save()
    assert found(client, "before") == set()
    assert found(client, "after") == {"After"}
    Activation.objects.filter(pk=site.pk).update(search_text="queried update")
    assert found(client, "queried") == {"After"}
    site.delete()
    assert found(client, "queried") == set()


def test_common_words_are_walked_in_order(client, alice, halcyon, monkeypatch):
    monkeypatch.setattr(search, "FEW", 3)
    monkeypatch.setattr(search, "is_small", lambda company: False)
    now = timezone.now()
    for number in range(6):
        make_site(halcyon, number=number, updated_at=now - timedelta(hours=number))
    tally.refresh(halcyon)
    used = []
    for name in ("among", "in_order"):
        really = getattr(search, name)

        def noted(*what, name=name, really=really, **how):
            used.append(name)
            return really(*what, **how)

        monkeypatch.setattr(search, name, noted)
    client.force_login(alice)
    assert len(found(client, "house")) == 6
    assert found(client, "ref-5") == {"House 5"}
    assert used == ["in_order", "among"]


def test_search_index_survived_all_migrations(db):
    """SQLite drops triggers with a rebuilt table: see migration 0010_search."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            names = {name for (name,) in cursor.fetchall()}
            assert {
                f"activations_search_{when}" for when in ("insert", "update", "delete")
            } <= names
        else:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'activation_search'")
            ((definition,),) = cursor.fetchall()
            assert "gin_trgm_ops" in definition


def test_the_address_of_a_search_is_short():
    filters = Filters(view="all", q="okafor residence", state="CA")
    assert filters.query() == "?q=okafor+residence&state=CA"
    assert Filters().query() == ""


def _record(number, name):
    from enphase.records import Activation as Record

    return Record.from_api({"system_id": 5000 + number, "system_name": name, "stage": 2})
