"""The page of one home owner: read, found anew, created after a search, corrected."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from companies.homeowners import tasks
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.homeowners.services import find_owner, queue_home_owner
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations.models import AuditEvent, Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

ADA = "ada.okafor@example.com"
NEW = "nia.abara@example.com"
NIA = {"email": NEW, "first_name": "Nia", "last_name": "Abara", "phone": "+1 707 555 0111"}

GONE = {"reason": "404", "message": ["Not found"]}


def url_of(name, owner=None):
    return reverse(f"homeowners:{name}", args=[owner.pk] if owner else [])


def at_enphase(company, user_id, system_id=None):
    with client_for(company.pk) as client:
        if system_id:
            return client.users.get_activation_user(system_id, user_id)
        return client.users.get_user(user_id)


def step(operation):
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    return Operation.objects.get(pk=operation.pk)


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 701)


@pytest.fixture
def ada(halcyon, site):
    """Owner of 701: what its record says of her is kept."""
    return HomeOwner.objects.get(company=halcyon, enphase_id=3001)


@pytest.fixture
def nia(halcyon, alice, on_commit):
    """Created by us, so that Enphase shows her to the company."""
    with on_commit():
        queue_home_owner(halcyon, *NIA.values(), alice)
    return HomeOwner.objects.get(company=halcyon, email=NEW)


# ------------------------------------------------------------------ read


def test_owner_of_a_read_site_is_known_in_full(client, alice, ada, site):
    assert (ada.email, ada.name, ada.is_active) == (ADA, "Ada Okafor", True)
    client.force_login(alice)
    page = client.get(url_of("detail", ada)).content.decode()
    assert ADA in page
    assert site.name in page
    assert "Owner" in page


def test_person_is_read_through_their_site(client, alice, ada, world, halcyon):
    with client_for(halcyon.pk) as api:
        api.users.update_activation_user(
            701, 3001, email=ADA, first_name="Ada", last_name="Okafor-Lund"
        )
    client.force_login(alice)
    hits = world.hits
    response = client.post(url_of("refresh", ada))
    assert response.status_code == 302
    assert "asked=" in response.url
    assert world.hits == hits + 1
    ada.refresh_from_db()
    assert ada.last_name == "Okafor-Lund"


def test_somebody_enphase_does_not_show_stays_as_known(client, alice, halcyon, world):
    stranger = find_owner(halcyon, "kirra.marchetti@example.com", alice).home_owner
    tasks.read_owner(stranger.pk)
    stranger.refresh_from_db()
    assert stranger.read_at is None
    client.force_login(alice)
    page = client.get(url_of("detail", stranger)).content.decode()
    assert "Enphase shows a person only to the company that created them" in page
    assert "Not read yet" in page


def test_unknown_answer_leaves_the_copy(ada, world):
    world.fault("get_activation_user", "html", status=502, times=9)
    problem = tasks.read(ada)
    assert problem
    ada.refresh_from_db()
    assert ada.email == ADA


def test_account_that_was_opened_is_no_longer_invited(ada, site):
    access = SiteAccess.objects.create(
        activation=site, home_owner=ada, state="invited", granted_at=timezone.now()
    )
    assert tasks.read(ada) == ""
    access.refresh_from_db()
    assert access.state == "has_access"


def test_page_asks_while_a_worker_reads_and_then_reloads(client, alice, ada):
    client.force_login(alice)
    asked = timezone.now().timestamp()
    url = f"{url_of('freshness', ada)}?asked={asked}"
    waiting = client.get(url, headers={"HX-Request": "true"})
    assert "Reading" in waiting.content.decode()
    assert "HX-Refresh" not in waiting.headers
    tasks.read_owner(ada.pk)
    assert client.get(url, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


# ------------------------------------------------------------------ a new one


def test_our_copy_is_searched_for_nothing(client, alice, ada, site, world):
    client.force_login(alice)
    hits = world.hits
    page = client.post(url_of("new"), {"email": ADA.upper(), "do": "search"}).content.decode()
    assert world.hits == hits
    assert "Has an Enphase account" in page
    assert "Ada Okafor" in page
    assert site.name in page
    assert "Create home owner" not in page


def test_enphase_is_asked_only_on_a_click(client, alice, halcyon, world):
    client.force_login(alice)
    hits = world.hits
    first = client.post(url_of("new"), {"email": ADA, "do": "search"}).content.decode()
    assert world.hits == hits
    assert "Ask Enphase" in first
    second = client.post(url_of("new"), {"email": ADA, "do": "ask"}).content.decode()
    assert world.hits == hits + 1
    assert "Give access to a site" in second
    assert AuditEvent.objects.filter(tag="home-owner:looked-up").count() == 1


def test_new_person_is_created_and_offered_a_site(client, alice, halcyon, world, on_commit):
    client.force_login(alice)
    page = client.post(url_of("new"), {"email": NEW, "do": "ask"}).content.decode()
    assert "New to Enphase" in page
    with on_commit():
        response = client.post(url_of("new"), {**NIA, "email_reports": "on", "do": "create"})
    operation = Operation.objects.get()
    assert response.url == reverse("homeowners:creating", args=[operation.pk])
    assert operation.state == State.DONE, operation.message
    nia = HomeOwner.objects.get(email=NEW)
    there = at_enphase(halcyon, nia.enphase_id)
    assert (there.first_name, there.phone, there.enlighten_emails) == ("Nia", NIA["phone"], True)
    page = client.get(response.url).content.decode()
    assert url_of("detail", nia) in page
    assert "Create home owner Nia Abara" in client.get(url_of("detail", nia)).content.decode()


def test_twice_the_same_form_creates_once(client, alice, halcyon, world, on_commit):
    client.force_login(alice)
    page = client.post(url_of("new"), {"email": NEW, "do": "ask"}).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page).group(1)
    for _ in range(2):
        with on_commit():
            client.post(url_of("new"), {**NIA, "token": token, "do": "create"})
    assert Operation.objects.count() == 1
    assert len(world.writes("create_home_owner")) == 1


def test_lost_reply_creates_exactly_one_account(client, alice, halcyon, world, on_commit):
    world.fault("create_home_owner", "lost_reply")
    client.force_login(alice)
    with on_commit():
        client.post(url_of("new"), {**NIA, "do": "create"})
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    assert not HomeOwner.objects.exists()
    operation = step(operation)
    assert operation.state == State.DONE
    assert [write["executed"] for write in world.writes("create_home_owner")] == [True]
    assert HomeOwner.objects.get().enphase_id == operation.result["user_id"]


def test_address_taken_in_the_last_moment_is_explained(client, alice, halcyon, world, on_commit):
    body = {"errorCode": 11, "errorMessages": ["Email has already been registered"]}
    world.fault("create_home_owner", "status", status=422, body=body)
    client.force_login(alice)
    with on_commit():
        response = client.post(url_of("new"), {**NIA, "do": "create"})
    page = client.get(response.url).content.decode()
    assert "already belongs to an Enphase user" in page
    assert "Correct and try again" in page
    # Nothing typed is lost.
    again = client.post(
        url_of("new"), {"email": NEW, "do": "ask", "again": Operation.objects.get().pk}
    ).content.decode()
    assert 'value="Abara"' in again
    assert NIA["phone"] in again


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [("first_name", "Enter the first name."), ("email", "Enter an e-mail address.")],
)
def test_missing_fields_are_named_and_nothing_typed_is_lost(
    client, alice, halcyon, missing, sentence
):
    client.force_login(alice)
    response = client.post(url_of("new"), {**NIA, missing: "", "do": "create"})
    assert response.status_code == 422
    page = response.content.decode()
    assert sentence in page
    assert 'value="Abara"' in page
    assert not Operation.objects.exists()


def test_unanswered_look_up_is_said_and_can_be_repeated(client, alice, halcyon, world):
    world.fault("search_users", "html", status=502, times=9)
    client.force_login(alice)
    response = client.post(url_of("new"), {"email": NEW, "do": "ask"})
    assert response.status_code == 422
    assert "Ask Enphase again" in response.content.decode()


# ------------------------------------------------------------------ correct


def correct(client, owner, on_commit, url=None, **changes):
    """Walk from the form over the before-and-after page to the queue."""
    url = url or url_of("edit", owner)
    page = client.get(url).content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(base|token)" value="([^"]+)"', page))
    owner.refresh_from_db()
    typed = {
        "first_name": owner.first_name,
        "last_name": owner.last_name,
        "email": owner.email,
        "phone": owner.phone,
        **({"email_reports": "on"} if owner.email_reports else {}),
        **hidden,
        **changes,
    }
    review = client.post(url, {**typed, "do": "review"})
    with on_commit():
        response = client.post(url, {**typed, "do": "confirm"})
    return review, response


def test_person_is_corrected_at_enphase(client, alice, nia, halcyon, world, on_commit):
    client.force_login(alice)
    review, response = correct(
        client, nia, on_commit, phone="+1 707 555 0222", last_name="Abara-Li"
    )
    page = review.content.decode()
    assert "<del>Abara</del>" in page
    assert "New sign-in" not in page
    assert response.url == url_of("detail", nia)
    operation = Operation.objects.get(kind="home_owner.update")
    assert operation.state == State.DONE, operation.message
    there = at_enphase(halcyon, nia.enphase_id)
    assert (there.last_name, there.phone) == ("Abara-Li", "+1 707 555 0222")
    nia.refresh_from_db()
    assert nia.last_name == "Abara-Li"
    assert [write["operation"] for write in world.writes()][-1] == "update_user"


def test_new_address_is_called_a_new_sign_in(client, alice, nia, on_commit):
    client.force_login(alice)
    review, _response = correct(client, nia, on_commit, email="nia@example.com")
    assert "signs in to Enlighten with the new address" in review.content.decode()


def test_address_and_phone_stay_out_of_the_trail(client, alice, nia, on_commit):
    client.force_login(alice)
    correct(client, nia, on_commit, email="nia.li@example.com", phone="+1 707 555 0333")
    operation = Operation.objects.get(kind="home_owner.update")
    assert operation.after == {"E-mail": "n…@example.com, another one", "Phone": "… 33"}
    trail = repr(list(AuditEvent.objects.values("text", "data")))
    assert "nia" not in trail.replace("Nia", "")
    assert "555" not in trail


@pytest.mark.parametrize("status", [404, 405, 501])
def test_what_enphase_no_longer_offers_is_done_by_way_of_a_site(
    client, alice, ada, world, halcyon, on_commit, status
):
    world.fault("update_user", "status", status=status, body=GONE)
    client.force_login(alice)
    correct(client, ada, on_commit, last_name="Okafor-Lund")
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    assert at_enphase(halcyon, 3001, 701).last_name == "Okafor-Lund"
    done = [(one["operation"], one["executed"]) for one in world.writes()]
    assert done == [("update_user", False), ("update_activation_user", True)]


def test_a_page_in_place_of_an_answer_is_a_closed_way_too(client, alice, ada, world, on_commit):
    world.fault("update_user", "html", status=404)
    client.force_login(alice)
    correct(client, ada, on_commit, last_name="Okafor-Lund")
    assert Operation.objects.get().state == State.DONE
    assert len(world.writes("update_activation_user")) == 1


def test_without_a_site_it_is_said_that_enphase_does_not_offer_it(
    client, alice, nia, world, on_commit
):
    world.fault("update_user", "status", status=405, body=GONE, times=9)
    client.force_login(alice)
    correct(client, nia, on_commit, last_name="Li")
    operation = Operation.objects.get(kind="home_owner.update")
    assert operation.state == State.REJECTED
    assert operation.message == "Enphase does not offer this any more. Nothing was changed."


def test_change_by_somebody_else_meanwhile_is_a_conflict(
    client, alice, ada, halcyon, world, on_commit
):
    client.force_login(alice)
    page = client.get(url_of("edit", ada)).content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(base|token)" value="([^"]+)"', page))
    with client_for(halcyon.pk) as api:
        api.users.update_user(3001, email=ADA, first_name="Adaeze", last_name="Okafor")
    typed = {"first_name": "Adah", "last_name": "Okafor", "email": ADA, "phone": ada.phone}
    reports = {"email_reports": "on"} if ada.email_reports else {}
    with on_commit():
        client.post(url_of("edit", ada), {**typed, **reports, **hidden, "do": "confirm"})
    operation = Operation.objects.get()
    assert operation.state == State.CONFLICT
    assert operation.result["theirs"] == {"First name": "Adaeze"}
    assert at_enphase(halcyon, 3001, 701).first_name == "Adaeze"


def test_lost_reply_of_a_change_is_looked_up(client, alice, ada, halcyon, world, on_commit):
    world.fault("update_user", "lost_reply")
    client.force_login(alice)
    correct(client, ada, on_commit, last_name="Lund")
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    assert step(operation).state == State.DONE
    assert len(world.writes("update_user")) == 1
    ada.refresh_from_db()
    assert ada.last_name == "Lund"


def test_nothing_changed_sends_nothing(client, alice, ada, on_commit):
    client.force_login(alice)
    review, response = correct(client, ada, on_commit)
    assert (review.status_code, response.status_code) == (422, 422)
    assert "Nothing was changed." in review.content.decode()
    assert not Operation.objects.exists()


def test_altered_base_leads_to_the_review_again(client, alice, ada, on_commit):
    client.force_login(alice)
    _review, response = correct(client, ada, on_commit, last_name="Lund", base="forged")
    assert response.status_code == 200
    assert "Before and after" in response.content.decode()
    assert not Operation.objects.exists()


def test_person_not_read_yet_cannot_be_changed(client, alice, halcyon, world):
    known = find_owner(halcyon, "kirra.marchetti@example.com", alice).home_owner
    client.force_login(alice)
    response = client.get(url_of("edit", known))
    assert response.status_code == 409
    assert "Not read from Enphase yet" in response.content.decode()


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_correct_or_read_anew(client, request, ada, world, person, status):
    client.force_login(request.getfixturevalue(person))
    hits = world.hits
    assert client.get(url_of("edit", ada)).status_code == status
    assert client.post(url_of("edit", ada), {"do": "confirm"}).status_code == status
    assert client.post(url_of("refresh", ada)).status_code == status
    assert world.hits == hits
    assert not Operation.objects.exists()


def test_refresh_never_leads_away_from_the_portal(client, alice, ada):
    client.force_login(alice)
    response = client.post(url_of("refresh", ada), {"next": "https://evil.example/x"})
    assert response.url.startswith(url_of("detail", ada))
