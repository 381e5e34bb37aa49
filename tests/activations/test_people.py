"""Who sees a site and why; owner, access, invitations and subcontractors."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from activations import matrix, services, values
from companies import leaving
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.models import Company, Membership, Subcontractor
from portal.operations import runner
from portal.operations.models import AuditEvent, Operation, State
from portal.operations.services import cancel
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

ADA = "ada.okafor@example.com"
JONAH = "jonah.delgado@example.com"


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 702)


def url_of(site):
    return reverse("activations:people", args=[site.pk])


def test_owner_is_found_by_email_and_set(client, alice, site, world, on_commit):
    client.force_login(alice)
    hits = world.hits
    page = client.post(url_of(site), {"email": JONAH, "do": "find"}).content.decode()
    assert world.hits == hits + 1
    assert "Has an Enphase account" in page
    with on_commit():
        client.post(url_of(site), {"email": JONAH, "do": "owner"})
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    site.refresh_from_db()
    assert site.owner_id == 3002
    assert site.owner_name == "Jonah Delgado"
    assert "Jonah Delgado" in client.get(url_of(site)).content.decode()


def test_names_are_optional_only_while_somebody_may_have_the_address(client, alice, site):
    client.force_login(alice)
    page = client.post(url_of(site), {"email": "nia@example.com", "do": "find"}).content.decode()
    assert re.search(r"<label[^>]*>First name</label>", page)
    assert re.search(r"<label[^>]*>Phone <span[^>]*>\(optional\)", page)


def test_new_owner_is_created_first(client, alice, site, on_commit):
    client.force_login(alice)
    page = client.post(url_of(site), {"email": "nia@example.com", "do": "find"}).content.decode()
    assert "New to Enphase" in page
    refused = client.post(url_of(site), {"email": "nia@example.com", "do": "owner"})
    assert refused.status_code == 422
    assert "nobody at Enphase has this address yet" in refused.content.decode()
    typed = {"email": "nia@example.com", "first_name": "Nia", "last_name": "Abara", "do": "owner"}
    with on_commit():
        client.post(url_of(site), typed)
    create = Operation.objects.get(kind="home_owner.create")
    change = Operation.objects.get(kind="activation.update")
    assert (create.state, change.state) == (State.DONE, State.DONE), change.message
    site.refresh_from_db()
    assert site.owner_id == HomeOwner.objects.get().enphase_id


def test_owner_set_by_somebody_else_meanwhile_is_a_conflict(client, alice, site, world, on_commit):
    client.force_login(alice)
    client.post(url_of(site), {"email": JONAH, "do": "find"})
    world.patch_system(702, owner_id=3003)
    with on_commit():
        client.post(url_of(site), {"email": JONAH, "do": "owner"})
    operation = Operation.objects.get()
    assert operation.state == State.CONFLICT
    assert operation.result["theirs"] == {"Owner": "Rosa Whitaker"}


def test_access_is_granted_and_revoked(client, alice, site, on_commit):
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    with on_commit():
        client.post(url_of(site), {"email": ADA, "do": "grant"})
    access = SiteAccess.objects.get()
    assert access.state == SiteAccess.State.HAS_ACCESS
    revoke = reverse("activations:revoke", args=[site.pk, access.home_owner_id])
    assert revoke in client.get(url_of(site)).content.decode()
    question = client.get(revoke)
    assert "no longer sees" in question.content.decode()
    with on_commit():
        client.post(revoke)
    access.refresh_from_db()
    assert access.state == SiteAccess.State.REVOKED


def test_access_for_nobody_is_refused_in_words(client, alice, site):
    client.force_login(alice)
    response = client.post(url_of(site), {"email": "nia@example.com", "do": "grant"})
    assert response.status_code == 422
    assert "Find the person first." in response.content.decode()


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c"])
def test_address_is_checked_before_anything_is_asked(client, alice, site, world, email):
    client.force_login(alice)
    hits = world.hits
    response = client.post(url_of(site), {"email": email, "do": "find"})
    assert response.status_code == 422
    assert world.hits == hits


def test_subcontractor_is_added(client, alice, halcyon, on_commit):
    site = copy_of(halcyon, 701)
    Subcontractor.objects.create(company=halcyon, enphase_id=50, name="Ridge Electric")
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Ridge Electric" in page
    with on_commit():
        client.post(url_of(site), {"subcontractor": "50", "do": "subcontractor"})
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    page = client.get(url_of(site)).content.decode()
    assert "Pending for system owner approval" in page
    assert "Add subcontractor" not in page


# ------------------------------------------------------------------ who sees it, and why


def seers(page):
    """Who stands in the matrix, with why and state, from the table itself."""
    rows = re.findall(r'<tr role="row">\s*<td role="cell" class="cell-main">(.*?)</tr>', page, re.S)
    plain = [re.sub(r"<[^>]+>", " ", row) for row in rows]
    return [" ".join(row.split()) for row in plain]


def one_of(page, name):
    return next(row for row in seers(page) if row.startswith(name))


def test_matrix_names_everybody_and_why(client, alice, bob, dana, halcyon):
    site = copy_of(halcyon, 703)
    north, south = Company.objects.get(enphase_id=81), Company.objects.get(enphase_id=82)
    assert site.branch == south
    Membership.objects.filter(user=bob).update(branch=north)
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Owns the site" in one_of(page, "Rosa Whitaker")
    assert "Installer" in one_of(page, "Halcyon Solar South")
    assert "approved by the owner" in one_of(page, "Ridge Electric")
    assert "Company admin, all branches" in one_of(page, "Dana Whitfield")
    assert "Installer, all branches" in one_of(page, "Alice Ferrer")
    # Bob works for the other branch and does not see this site.
    assert not [row for row in seers(page) if row.startswith("Bob")]
    Membership.objects.filter(user=bob).update(branch=south)
    page = client.get(url_of(site)).content.decode()
    assert "Viewer, Halcyon Solar South" in one_of(page, "Bob Lindqvist")


def test_matrix_costs_nothing_and_few_queries(
    client, alice, site, world, django_assert_max_num_queries
):
    for n in range(30):
        owner = HomeOwner.objects.create(
            company=site.company, enphase_id=9_700_000 + n, email=f"n{n}@example.com"
        )
        SiteAccess.objects.create(activation=site, home_owner=owner, state="has_access")
    client.force_login(alice)
    client.get(url_of(site))
    hits = world.hits
    with django_assert_max_num_queries(22):
        page = client.get(url_of(site)).content.decode()
    assert len(seers(page)) > 30
    assert world.hits == hits


def test_support_that_opened_the_company_is_named(client, alice, sam, site, halcyon):
    client.force_login(sam)
    client.post(reverse("companies:switch"), {"company": halcyon.pk})
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Opened the company" in one_of(page, "Sam Iwata")


def test_site_without_anybody_says_so(client, alice, site):
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Nobody" in page
    assert "The first owner is named without a transfer." in page


def test_colleagues_are_shown_with_all_their_companies_that_the_viewer_sees(
    client, alice, bob, charlie, site, bluebonnet
):
    Membership.objects.create(user=bob, company=bluebonnet, role="installer")
    membership = Membership.objects.get(user=bob, company=site.company)
    url = reverse("activations:member", args=[site.pk, membership.pk])
    client.force_login(alice)
    page = client.get(url).content.decode()
    assert "Sees everything, changes nothing" in page
    assert "Bluebonnet" not in page
    theirs = Membership.objects.get(user=charlie)
    other = reverse("activations:member", args=[site.pk, theirs.pk])
    assert client.get(other).status_code == 404


# ------------------------------------------------------------------ create and grant, two steps

NIA = {"email": "nia@example.com", "first_name": "Nia", "last_name": "Abara"}


def step(operation):
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    return Operation.objects.get(pk=operation.pk)


def invite(client, site, on_commit, **typed):
    with on_commit():
        return client.post(url_of(site), {**NIA, **typed, "do": "invite"})


def both():
    return (
        Operation.objects.get(kind="home_owner.create"),
        Operation.objects.filter(kind="home_owner.grant_access").latest("pk"),
    )


def test_invitation_creates_and_gives_access(client, alice, site, world, on_commit):
    client.force_login(alice)
    response = invite(client, site, on_commit)
    create, grant = both()
    assert (create.state, grant.state) == (State.DONE, State.DONE), grant.message
    assert response.url == reverse("activations:invitation", args=[site.pk, grant.pk])
    page = client.get(response.url).content.decode()
    assert "2 of 2 steps" in page
    nia = HomeOwner.objects.get(email=NIA["email"])
    assert grant.payload["user_id"] == nia.enphase_id
    access = SiteAccess.objects.get()
    assert (access.state, access.given_by) == ("has_access", alice)
    done = [write["operation"] for write in world.writes() if write["executed"]]
    assert done == ["create_home_owner", "grant_activation_access"]


def test_second_step_can_be_taken_again(client, alice, site, world, on_commit):
    world.fault("grant_activation_access", "status", status=422, body={"errorMessages": ["No"]})
    client.force_login(alice)
    response = invite(client, site, on_commit)
    create, grant = both()
    assert (create.state, grant.state) == (State.DONE, State.REJECTED)
    # The account stays, and the person counts as invited.
    assert SiteAccess.objects.get().state == "invited"
    page = client.get(response.url).content.decode()
    assert "1 of 2 steps" in page
    assert "Only the second step is missing" in page
    with on_commit():
        again = client.post(response.url)
    page = client.get(again.url).content.decode()
    assert "2 of 2 steps" in page
    assert SiteAccess.objects.get().state == "has_access"
    assert len(world.writes("create_home_owner")) == 1
    # Nothing is left to be taken up.
    assert client.post(response.url, follow=True).status_code == 200
    assert len(world.writes("grant_activation_access")) == 2


def test_lost_reply_of_the_first_step_creates_once(client, alice, site, world, on_commit):
    world.fault("create_home_owner", "lost_reply")
    client.force_login(alice)
    invite(client, site, on_commit)
    create, grant = both()
    assert create.state == State.UNKNOWN
    assert step(grant).state == State.QUEUED
    assert not world.writes("grant_activation_access")
    assert step(create).state == State.DONE
    assert step(grant).state == State.DONE
    assert len(world.writes("create_home_owner")) == 1


def test_refused_first_step_gives_nothing_and_keeps_what_was_typed(
    client, alice, site, world, on_commit
):
    body = {"errorCode": 11, "errorMessages": ["Email is invalid"]}
    world.fault("create_home_owner", "status", status=422, body=body)
    client.force_login(alice)
    response = invite(client, site, on_commit)
    create, grant = both()
    assert create.state == State.REJECTED
    assert grant.state == State.FAILED
    assert "so nobody was given access" in grant.message
    assert not world.writes("grant_activation_access")
    page = client.get(response.url).content.decode()
    retry = re.search(r'href="([^"]+again=[^"]+)"', page).group(1).partition("#")[0]
    form = client.get(retry).content.decode()
    assert 'value="Abara"' in form
    assert "Create and grant access" in form


def test_the_same_invitation_twice_is_one(client, alice, site, world, on_commit):
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page).group(1)
    first = invite(client, site, on_commit, token=token)
    second = invite(client, site, on_commit, token=token)
    assert first.url == second.url or Operation.objects.count() == 2
    assert len(world.writes("create_home_owner")) == 1
    assert len(world.writes("grant_activation_access")) == 1


def test_trail_of_an_invitation_has_no_address(client, alice, site, on_commit):
    client.force_login(alice)
    invite(client, site, on_commit, phone="+1 707 555 0111")
    trail = repr(list(AuditEvent.objects.values("text", "data")))
    assert "nia@" not in trail
    assert "555" not in trail


def test_site_of_somebody_else_by_now_is_explained(client, alice, site, world, on_commit):
    body = {"reason": "401", "message": ["Not authorized to access requested resource."]}
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    world.fault("grant_activation_access", "status", status=401, body=body, times=9)
    with on_commit():
        client.post(url_of(site), {"email": ADA, "do": "grant"})
    operation = Operation.objects.get()
    for _ in range(3):
        if operation.is_open:
            operation = step(operation)
    assert operation.state == State.REJECTED
    assert "Your company has no access to this" in operation.message
    assert SiteAccess.objects.get().state == "not_invited"
    page = client.get(url_of(site)).content.decode()
    assert "Not invited" in one_of(page, ADA)


# ------------------------------------------------------------------ for a time


@pytest.fixture
def guest(client, alice, site, on_commit):
    """Jonah sees 702 for two weeks."""
    until = timezone.localdate() + timedelta(days=14)
    client.force_login(alice)
    client.post(url_of(site), {"email": JONAH, "do": "find"})
    with on_commit():
        client.post(url_of(site), {"email": JONAH, "until": until.isoformat(), "do": "grant"})
    return SiteAccess.objects.select_related("end").get()


def test_access_for_a_time_queues_its_end(client, alice, guest, site):
    assert guest.state == "has_access"
    end = guest.end
    assert (end.kind, end.state) == ("home_owner.revoke_access", State.QUEUED)
    assert end.is_scheduled
    assert not end.is_busy
    there = timezone.localtime(end.not_before, zone_of(site))
    assert (there.hour, there.minute) == (23, 59)
    assert there.date() == timezone.localdate() + timedelta(days=14)
    page = client.get(url_of(site)).content.decode()
    assert f"{there:%-d %b}" in one_of(page, JONAH)
    assert "Ends" in one_of(page, JONAH)


def zone_of(site):
    return ZoneInfo(site.timezone)


def test_it_ends_by_itself_even_if_its_giver_has_left(guest, alice, world):
    Membership.objects.filter(user=alice).delete()
    runner.run(guest.end.pk)
    assert not world.writes("revoke_activation_access")
    assert step(guest.end).state == State.DONE
    guest.refresh_from_db()
    assert guest.state == "revoked"
    assert len(world.writes("revoke_activation_access")) == 1


def test_an_end_in_two_weeks_holds_up_nothing_today(client, alice, guest, site, on_commit):
    with on_commit():
        services.queue_change(
            site,
            title="Change site",
            changes={"system_name": "Renamed"},
            base={"system_name": site.name},
            actor=alice,
        )
    change = Operation.objects.get(kind="activation.update")
    assert change.state == State.DONE, change.message


def test_end_can_be_taken_back(client, alice, guest, site):
    page = client.get(reverse("activations:person", args=[site.pk, guest.home_owner_id]))
    assert "Let it stay without an end" in page.content.decode()
    client.post(reverse("operations:cancel", args=[guest.end.pk]))
    guest = SiteAccess.objects.select_related("end").get()
    assert guest.ends_at is None
    assert guest.is_held


def test_revoking_by_hand_makes_the_end_void(client, alice, guest, site, world, on_commit):
    with on_commit():
        client.post(reverse("activations:revoke", args=[site.pk, guest.home_owner_id]))
    guest.refresh_from_db()
    assert guest.state == "revoked"
    assert Operation.objects.get(pk=guest.end_id).state == State.CANCELLED
    assert len(world.writes("revoke_activation_access")) == 1


def test_giving_it_anew_replaces_the_end(client, alice, guest, site, on_commit):
    with on_commit():
        client.post(url_of(site), {"email": JONAH, "do": "grant"})
    access = SiteAccess.objects.select_related("end").get()
    assert access.ends_at is None
    assert Operation.objects.get(pk=guest.end_id).state == State.CANCELLED


def test_end_that_enphase_refuses_is_shown(client, alice, guest, site, world):
    world.fault(
        "revoke_activation_access", "status", status=422, body={"errorMessages": ["No"]}, times=9
    )
    assert step(guest.end).state == State.REJECTED
    page = client.get(url_of(site)).content.decode()
    assert "Should have ended" in one_of(page, JONAH)


@pytest.mark.parametrize("until", ["2020-01-01", "yesterday", "0001-13-45"])
def test_last_day_in_the_past_or_no_day_is_refused(client, alice, site, until):
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    response = client.post(url_of(site), {"email": ADA, "until": until, "do": "grant"})
    assert response.status_code == 422
    assert not Operation.objects.exists()


def test_end_of_an_access_is_in_the_hands_of_its_giver(guest, alice, halcyon):
    held = {holding.kind.name: holding for holding in leaving.held_by(halcyon, alice)}
    assert held["accesses"].count == 1
    assert "Jonah" in held["accesses"].things[0].label or "j…" in held["accesses"].things[0].label
    cancel(guest.end, actor=alice)
    assert "accesses" not in {one.kind.name for one in leaving.held_by(halcyon, alice)}


# ------------------------------------------------------------------ one person on one site


def test_person_is_corrected_by_way_of_the_site(client, alice, halcyon, world, on_commit):
    site = copy_of(halcyon, 701)
    ada = HomeOwner.objects.get(company=halcyon, enphase_id=3001)
    url = reverse("activations:person", args=[site.pk, ada.pk])
    client.force_login(alice)
    assert "Change details" in client.get(url).content.decode()
    page = client.get(url + "?edit").content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(base|token)" value="([^"]+)"', page))
    reports = {"email_reports": "on"} if ada.email_reports else {}
    typed = {"first_name": "Ada", "last_name": "Lund", "email": ADA, "phone": ada.phone}
    with on_commit():
        client.post(url, {**typed, **reports, **hidden, "do": "confirm"})
    operation = Operation.objects.get()
    assert (operation.kind, operation.state) == ("home_owner.update_on_site", State.DONE)
    assert operation.activation == site
    assert [one["operation"] for one in world.writes()] == ["update_activation_user"]
    ada.refresh_from_db()
    assert ada.last_name == "Lund"


def test_people_of_other_sites_are_not_found_on_this_one(client, alice, site, halcyon):
    copy_of(halcyon, 701)
    ada = HomeOwner.objects.get(company=halcyon, enphase_id=3001)
    client.force_login(alice)
    assert client.get(reverse("activations:person", args=[site.pk, ada.pk])).status_code == 404


# ------------------------------------------------------------------ a change of owner


@pytest.mark.parametrize(
    ("stage_since", "today", "free", "left"),
    [
        (datetime(2026, 5, 31, 12, tzinfo=UTC), date(2026, 6, 1), True, 182),
        (datetime(2026, 5, 31, 12, tzinfo=UTC), date(2026, 11, 30), True, 0),
        (datetime(2026, 5, 31, 12, tzinfo=UTC), date(2026, 12, 1), False, None),
        (datetime(2026, 8, 31, 12, tzinfo=UTC), date(2027, 2, 28), True, 0),
    ],
)
def test_change_of_owner_is_free_for_six_months(halcyon, stage_since, today, free, left):
    site = copy_of(halcyon, 705)
    site.stage_since = stage_since
    change = matrix.owner_change(site, values.record_of(site), today)
    assert (change.is_free, change.days_left) == (free, left)
    assert "may charge a fee" in change.sentence


def test_unknown_day_of_activation_is_said(halcyon):
    site = copy_of(halcyon, 705)
    site.stage_since = None
    record = values.record_of(site)
    if record.interconnect_date is None:
        change = matrix.owner_change(site, record)
        assert change.is_free is None
        assert "not known here" in change.sentence


def test_look_up_is_in_the_trail_without_the_address(client, alice, site):
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    event = AuditEvent.objects.get(tag="home-owner:looked-up")
    assert ADA not in str(event.data) + event.text


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_change_people(client, site, alice, request, person, status, on_commit):
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    with on_commit():
        client.post(url_of(site), {"email": ADA, "do": "grant"})
    before = Operation.objects.count()
    client.force_login(request.getfixturevalue(person))
    for do in ("find", "owner", "grant", "subcontractor"):
        assert client.post(url_of(site), {"email": ADA, "do": do}).status_code == status
    revoke = reverse("activations:revoke", args=[site.pk, HomeOwner.objects.get().pk])
    assert client.get(revoke).status_code == status
    assert client.post(revoke).status_code == status
    assert Operation.objects.count() == before
