"""The list of sites: who sees what, views, filters, pages, and what it costs to show."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from activations import sync, tally
from activations.models import Activation, Mirror, Sweep
from companies.models import Company
from tests.activations.made import make_site

HTMX = {"HX-Request": "true"}
URL = "/activations/"


@pytest.fixture
def swept(halcyon: Company) -> Company:
    """Halcyon with its six sites of the sandbox."""
    assert sync.sweep(halcyon).problem == ""
    return halcyon


def names(response: Any) -> list[str]:
    return [
        unescape(part.split("</a>")[0].split(">")[-1])
        for part in response.content.decode().split('class="title"')[1:]
    ]


# ------------------------------------------------------------------ who sees what


def test_installer_sees_the_companys_open_sites(client, alice, swept):
    client.force_login(alice)
    response = client.get(URL)
    assert response.status_code == 200
    assert "activations/list.html" in [template.name for template in response.templates]
    # Stage 5 is not open.
    assert set(names(response)) == {
        "Okafor residence",
        "Delgado residence",
        "Whitaker residence",
        "Delgado barn",
        "Brennan workshop",
    }


def test_viewer_sees_the_same_and_may_not_refresh(client, bob, swept, world):
    client.force_login(bob)
    response = client.get(URL)
    assert "Okafor residence" in names(response)
    assert b"Refresh now" not in response.content
    assert b"New activation" not in response.content
    assert client.post("/activations/refresh/").status_code == 403


def test_stranger_sees_nothing_of_it(client, charlie, swept):
    client.force_login(charlie)
    response = client.get(URL, {"view": "all"})
    assert names(response) == []
    export = client.get("/activations/export.csv", {"view": "all"})
    assert b"Okafor" not in b"".join(export.streaming_content)


def test_signed_out_people_are_asked_to_sign_in(client, swept):
    for path in (URL, "/activations/export.csv"):
        response = client.get(path)
        assert response.status_code == 302
        assert "/accounts/login/" in response["Location"]


def test_branch_member_sees_only_the_branch(client, swept):
    from tests.conftest import make_user

    north = Company.objects.get(enphase_id=81)
    ivy = make_user("ivy@halcyon.example", "Ivy", swept, "installer")
    ivy.memberships.update(branch=north)
    client.force_login(ivy)
    response = client.get(URL, {"view": "all"})
    assert names(response) == ["Delgado barn"]
    assert 'All <span class="n">1</span>' in response.content.decode()


def test_support_sees_every_company(client, sam, swept, bluebonnet):
    sync.sweep(bluebonnet)
    client.force_login(sam)
    found = names(client.get(URL, {"view": "all"}))
    assert {"Okafor residence", "Tran residence"} <= set(found)
    assert client.post("/activations/refresh/").status_code == 404


def test_viewing_costs_no_hit(client, alice, swept, world):
    client.force_login(alice)
    before = world.hits
    client.get(URL)
    client.get(URL, {"q": "okafor"})
    assert world.hits == before


# ------------------------------------------------------------------ cost of a page


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"view": "all"},
        {"view": "attention"},
        {"q": "okafor"},
        {"q": "ok"},
        {"view": "all", "stage": "3", "country": "US", "state": "CA"},
    ],
)
def test_a_page_takes_four_queries(client, alice, swept, query, django_assert_num_queries):
    client.force_login(alice)
    client.get(URL, query)
    with django_assert_num_queries(4):
        assert client.get(URL, query).status_code == 200


def test_the_next_rows_take_four_queries_too(client, alice, halcyon, django_assert_num_queries):
    for number in range(60):
        make_site(halcyon, number=number)
    tally.refresh(halcyon)
    client.force_login(alice)
    more = _more(client.get(URL))
    with django_assert_num_queries(4):
        response = client.get(URL + more, headers=HTMX)
    assert len(names(response)) == 10


# ------------------------------------------------------------------ views, stages, filters


def test_views_are_tabs_with_counts(client, alice, swept):
    client.force_login(alice)
    page = client.get(URL).content.decode()
    assert 'aria-current="page">My open <span class="n">5</span>' in page
    assert 'All <span class="n">6</span>' in page
    attention = client.get(URL, {"view": "attention"})
    assert "Brennan workshop" in names(attention)
    waiting = Activation.objects.filter(waits_for_pto=True).count()
    assert f'Waiting for PTO <span class="n">{waiting}</span>' in page
    assert len(names(client.get(URL, {"view": "pto"}))) == waiting


def test_stages_are_five_links(client, alice, swept):
    client.force_login(alice)
    page = client.get(URL).content.decode()
    assert page.count('aria-current="true"') == 4
    assert "<b>2</b><span>3 Verifying" in page
    complete = client.get(URL, {"stage": "5"})
    assert names(complete) == ["Okafor guest house"]
    assert "Stage 5" in complete.content.decode()


def test_filters_are_chips_that_remove_themselves(client, alice, swept):
    client.force_login(alice)
    page = client.get(URL, {"view": "all", "status": "comm", "state": "CA", "q": "brennan"})
    assert names(page) == ["Brennan workshop"]
    text = unescape(page.content.decode())
    assert 'href="/activations/?q=brennan&state=CA"' in text  # without the status
    assert 'href="/activations/?view=all&status=comm&state=CA"' in text  # without the words
    assert "Status: Envoy Not Reporting" in text


def test_filters_offer_only_what_occurs(client, alice, swept):
    client.force_login(alice)
    page = client.get(URL).content.decode()
    assert '<option value="CA">CA</option>' in page
    assert "Retired" not in page


def test_senseless_filters_are_ignored(client, alice, swept):
    client.force_login(alice)
    query = {"view": "nope", "stage": "9,x", "after": "tomorrow", "q": "\x00", "state": "\x00"}
    assert len(names(client.get(URL, query))) == 5
    assert names(client.get(URL, {"status": "' OR 1=1 --"})) == []


def test_nothing_matches_offers_to_clear(client, alice, swept):
    client.force_login(alice)
    response = client.get(URL, {"q": "zanzibar", "state": "CA"})
    assert "Nothing matches" in response.content.decode()
    assert 'href="/activations/?view=all"' in response.content.decode()


def test_empty_list_offers_a_connection_or_a_first_site(client, alice, halcyon):
    client.force_login(alice)
    assert "has not been read from Enphase yet" in client.get(URL).content.decode()
    halcyon.account.delete()
    assert "Connect to Enphase" in client.get(URL).content.decode()


# ------------------------------------------------------------------ pages


def test_pages_follow_each_other_without_gaps(client, alice, halcyon):
    same = timezone.now() - timedelta(days=2)
    for number in range(130):
        # Many sites with one time: a page may end in the middle of them.
        make_site(halcyon, number=number, updated_at=same if number < 100 else timezone.now())
    tally.refresh(halcyon)
    client.force_login(alice)
    seen, address = [], ""
    for _ in range(3):
        response = client.get(URL + address)
        seen += names(response)
        address = _more(response)
    assert address == ""
    assert len(seen) == len(set(seen)) == 130


def test_more_rows_come_alone_to_htmx(client, alice, halcyon):
    for number in range(60):
        make_site(halcyon, number=number)
    client.force_login(alice)
    response = client.get(URL + _more(client.get(URL)), headers=HTMX)
    assert [template.name for template in response.templates] == ["activations/_rows.html"]
    assert b"<html" not in response.content


def test_search_as_you_type_gets_the_results_and_what_goes_with_them(client, alice, swept):
    client.force_login(alice)
    response = client.get(URL, {"view": "all", "q": "okafor"}, headers=HTMX)
    assert "activations/list.html" not in [template.name for template in response.templates]
    page = response.content.decode()
    assert 'id="announce" role="status" aria-live="polite" hx-swap-oob="true">3 activations' in page
    assert 'id="filter-chips" hx-swap-oob="true"' in page
    assert response["HX-Push-Url"] == "/activations/?q=okafor"


def _more(response: Any) -> str:
    page = unescape(response.content.decode())
    if 'id="show-more"' not in page:
        return ""
    return page.split('id="show-more" href="/activations/')[1].split('"')[0]


# ------------------------------------------------------------------ rows


def test_whatever_enphase_sends_is_text(client, alice, halcyon):
    evil = "<script>alert(1)</script>"
    make_site(
        halcyon, name=evil, reference=evil[:20], owner_name=evil, status=evil, installer_name=evil,
        city=evil, state=evil,
    )  # fmt: skip
    client.force_login(alice)
    page = client.get(URL).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("columns", "step"),
    [
        ({"stage": 1, "gateway_count": 0}, "Enter gateway serial"),
        ({"stage": 1, "gateway_count": 1, "owner_id": None}, "Name the home owner"),
        ({"stage": 2, "status_key": "comm"}, "Gateway has not reported"),
        ({"stage": 3, "status_key": "micro"}, "Find the silent microinverters"),
        ({"stage": 4, "permission_to_operate": False}, "Permission to operate"),
        ({"stage": 3, "permission_to_operate": True, "production_mode": "off"},
         "Turn production on"),
        ({"stage": 5, "status_key": "normal"}, "Nothing to do"),
    ],
)  # fmt: skip
def test_next_step_is_one_short_sentence(client, alice, halcyon, columns, step):
    make_site(halcyon, **({"owner_id": 1, "street1": "1 Elm Street"} | columns))
    client.force_login(alice)
    assert step in client.get(URL, {"view": "all"}).content.decode()


def test_age_is_relative_then_a_date(client, alice, halcyon):
    make_site(halcyon, number=1, updated_at=timezone.now() - timedelta(minutes=3))
    make_site(halcyon, number=2, updated_at=datetime(2024, 2, 29, 12, tzinfo=UTC))
    client.force_login(alice)
    page = client.get(URL).content.decode()
    assert ">3 min</time>" in page
    assert ">29 Feb 2024</time>" in page
    assert 'title="29 February 2024, 12:00:00 UTC"' in page


# ------------------------------------------------------------------ refresh


def test_refresh_says_what_it_costs_and_sweeps_once(client, alice, swept, world, on_commit):
    client.force_login(alice)
    assert '<span class="cost">1 hit</span>' in client.get(URL).content.decode()
    world.patch_system(702, system_name="Delgado villa")
    before = world.hits
    with on_commit():
        response = client.post("/activations/refresh/?view=all&q=delgado", follow=True)
    assert response.redirect_chain == [("/activations/?q=delgado", 302)]
    assert "Refresh queued: 1 hit" in response.content.decode()
    assert "Delgado villa" in names(client.get(URL))
    assert world.hits == before + 1
    assert Sweep.objects.filter(kind="full").count() == 2
    assert Mirror.objects.get().wanted_at is None


def test_refresh_pressed_twice_waits_for_the_first(client, alice, swept, world):
    client.force_login(alice)
    client.post("/activations/refresh/")
    page = client.post("/activations/refresh/", follow=True).content.decode()
    assert "already waiting for a worker" in page


def test_refresh_without_connection_says_what_to_do(client, alice, swept):
    swept.account.state = "needs_reconnect"
    swept.account.save()
    client.force_login(alice)
    page = client.post("/activations/refresh/", follow=True).content.decode()
    assert "An admin has to connect again" in page
    assert Mirror.objects.get().wanted_at is None


def test_addresses_can_be_shared(client, alice, dana, swept):
    client.force_login(alice)
    address = f"{URL}?view=all&q={quote('okafor sacramento')}"
    mine = names(client.get(address))
    client.force_login(dana)
    assert names(client.get(address)) == mine
    assert set(mine) == {"Okafor residence", "Okafor guest house"}
