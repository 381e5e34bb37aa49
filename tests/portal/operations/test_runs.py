"""A run is started, approved, paused, cancelled, retried and undone; nothing is queued twice."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations import sync
from activations.catalog.models import GridProfile
from activations.catalog.sync import read_grid_profiles
from activations.models import Activation
from activations.services import queue_change
from companies.models import Membership
from portal.operations import runner, tasks
from portal.operations.models import AuditEvent, Operation, Run, RunItem, State
from portal.operations.runs import pump, services
from portal.operations.runs.registry import ACTIONS
from portal.operations.services import TooLate
from portal.ui.errors import Refused
from portal.usage.models import WriteQuota
from tests.activations.made import make_site
from tests.activations.sites import copy_of
from tests.conftest import make_user

pytestmark = pytest.mark.django_db

SYSTEMS = (701, 703, 705)


@pytest.fixture
def sites(halcyon):
    """Three sites of Halcyon whose details we have read."""
    read_grid_profiles(halcyon)
    sync.sweep(halcyon)
    return [copy_of(halcyon, system_id) for system_id in SYSTEMS]


@pytest.fixture
def wanted(sites):
    """A profile that fits all three and that none of them has."""
    return fitting(sites[0].company, {site.detail["grid_profile"] for site in sites})


def fitting(company, taken):
    return next(
        row
        for row in GridProfile.objects.filter(company=company, suits_batteries=True)
        if row.enphase_id not in taken
        and (not row.states or "CA" in row.states)
        and (not row.countries or "US" in row.countries)
    )


def previewed(company, sites, actor, value, kind="grid-profile"):
    from activations.bulk import looked_at

    action = ACTIONS[kind]
    return services.preview(
        action,
        looked_at(sites, action.look(company, value)),
        company=company,
        branch=None,
        actor=actor,
        value=value,
        selection="ticked",
        token=uuid.uuid4(),
    )


@pytest.fixture
def run(halcyon, sites, alice, wanted):
    """A preview of alice: another grid profile for three sites."""
    made = previewed(halcyon, sites, alice, {"profile": wanted.enphase_id})
    assert (made.changes, made.cannot) == (3, 0)
    return made


def carry_out(run):
    """Let pump and worker go on until nothing moves any more."""
    for _ in range(10):
        pump.pump(run.pk)
        due = list(Operation.objects.due().filter(run=run).values_list("pk", flat=True))
        if not due:
            break
        for pk in due:
            runner.run(pk)
    pump.pump(run.pk)
    run.refresh_from_db()


def profiles(world, sites):
    """What Enphase has, by its own word."""
    return {
        site.system_id: copy_of(site.company, site.system_id).detail["grid_profile"]
        for site in sites
    }


def tags(run):
    return list(AuditEvent.objects.filter(run=run).order_by("pk").values_list("tag", flat=True))


# ------------------------------------------------------------------ from preview to undo


def test_a_run_changes_every_system_once_and_its_undo_restores(
    client, alice, run, sites, wanted, world, on_commit
):
    before = profiles(world, sites)
    client.force_login(alice)
    with on_commit():
        client.post(reverse("operations:run-start", args=[run.pk]), {"reason": "New rule"})
    carry_out(run)
    assert run.state == Run.State.FINISHED
    assert set(profiles(world, sites).values()) == {wanted.enphase_id}
    assert len(world.writes("update_activation")) == 3
    children = Operation.objects.filter(run=run)
    assert {child.lane for child in children} == {"bulk"}
    assert {child.reason for child in children} == {"New rule"}
    assert tags(run) == ["run:previewed", "run:started", "run:finished"]
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "<b>3</b> of 3 done" in page
    assert "every 3s" not in page

    client.post(reverse("operations:run-undo", args=[run.pk]))
    back = Run.objects.latest("pk")
    assert (back.inverse_of, back.changes) == (run, 3)
    with on_commit():
        services.start(back, actor=alice)
    carry_out(back)
    assert profiles(world, sites) == before


def test_what_nobody_had_read_is_learned_and_put_back(halcyon, sites, alice, wanted, world):
    before = profiles(world, sites)
    Activation.objects.update(detail={}, detail_at=None)
    fresh = list(Activation.objects.filter(system_id__in=SYSTEMS))
    run = previewed(halcyon, fresh, alice, {"profile": wanted.enphase_id})
    assert {item.before["Grid profile"] for item in run.items.all()} == {"Not read yet"}
    services.start(run, actor=alice)
    carry_out(run)
    back = services.prepare_undo(run, actor=alice, branch=None, token=uuid.uuid4())
    services.start(back, actor=alice)
    carry_out(back)
    assert profiles(world, sites) == before


def test_what_was_learned_outlives_a_lost_reply(halcyon, sites, alice, wanted, world):
    before = profiles(world, sites[:1])
    Activation.objects.update(detail={}, detail_at=None)
    site = Activation.objects.get(system_id=sites[0].system_id)
    run = previewed(halcyon, [site], alice, {"profile": wanted.enphase_id})
    world.fault("update_activation", "lost_reply")
    services.start(run, actor=alice)
    carry_out(run)
    assert Operation.objects.get(run=run).state == State.UNKNOWN
    Operation.objects.update(not_before=timezone.now())
    carry_out(run)
    assert Operation.objects.get(run=run).state == State.DONE
    assert len(world.writes("update_activation")) == 1
    back = services.prepare_undo(run, actor=alice, branch=None, token=uuid.uuid4())
    services.start(back, actor=alice)
    carry_out(back)
    assert profiles(world, sites[:1]) == before


def test_only_its_maker_starts_a_preview_and_only_once(run, alice, dana):
    with pytest.raises(Refused, match="Only Alice Ferrer"):
        services.start(run, actor=dana)
    services.start(run, actor=alice)
    with pytest.raises(TooLate):
        services.start(run, actor=alice)


def test_a_preview_of_yesterday_is_not_started(run, alice):
    Run.objects.update(created_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(Refused, match="older than a day"):
        services.start(run, actor=alice)


def test_old_previews_are_forgotten_and_their_events_stay(run):
    assert services.forget_previews() == 0
    Run.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert services.forget_previews() == 1
    assert AuditEvent.objects.filter(tag="run:previewed").exists()


# ------------------------------------------------------------------ approval


@pytest.fixture
def big(settings, run, dana):
    settings.BULK_APPROVAL_SYSTEMS = 2
    return run


def start_page(client, run, **form):
    return client.post(reverse("operations:run-start", args=[run.pk]), form)


def test_a_big_run_waits_for_another_admin(client, alice, bob, dana, big):
    client.force_login(alice)
    refused = start_page(client, big)
    assert refused.status_code == 422
    assert "Type the number of systems: 3." in refused.content.decode()
    assert start_page(client, big, count="4").status_code == 422
    start_page(client, big, count="3")
    big.refresh_from_db()
    assert big.state == Run.State.WAITING
    assert pump.pump(big.pk) == 0
    approve = reverse("operations:run-approve", args=[big.pk])
    assert client.post(approve, {"do": "approve"}).status_code == 403
    client.force_login(dana)
    assert (
        "Approve and start" in client.get(reverse("operations:run", args=[big.pk])).content.decode()
    )
    client.post(approve, {"do": "approve"})
    big.refresh_from_db()
    assert (big.state, big.approved_by) == (Run.State.RUNNING, dana)
    assert tags(big)[-3:] == ["run:asked", "run:approved", "run:started"]


def test_admins_are_told_by_mail_and_in_the_list(client, alice, dana, big, mailoutbox, on_commit):
    with on_commit():
        services.start(big, actor=alice, reason="New rule")
    assert [mail.to for mail in mailoutbox] == [[dana.email]]
    assert "Set grid profile on 3 systems" in mailoutbox[0].body
    client.force_login(dana)
    page = client.get(reverse("operations:list")).content.decode()
    assert '1<span class="vh"> to approve' in page


def test_without_a_second_admin_a_big_run_cannot_start(alice, big):
    Membership.objects.filter(role="admin").delete()
    with pytest.raises(Refused, match="needs a second admin of Halcyon Solar, and there is none"):
        services.start(big, actor=alice)


def test_nobody_approves_their_own_run(client, alice, big, halcyon):
    services.start(big, actor=alice)
    Membership.objects.filter(user=alice).update(role="admin")
    client.force_login(type(alice).objects.get(pk=alice.pk))
    page = client.post(
        reverse("operations:run-approve", args=[big.pk]), {"do": "approve"}, follow=True
    )
    assert "Another admin has to approve your run." in page.content.decode()
    big.refresh_from_db()
    assert big.state == Run.State.WAITING


def test_an_admin_says_no_with_a_reason(client, alice, dana, big):
    services.start(big, actor=alice)
    client.force_login(dana)
    url = reverse("operations:run-approve", args=[big.pk])
    assert client.post(url, {"do": "return"}).status_code == 422
    client.post(url, {"do": "return", "reason": "Wrong rule"})
    big.refresh_from_db()
    assert big.state == Run.State.CANCELLED
    assert "Wrong rule" in big.message
    assert not Operation.objects.filter(run=big).exists()


def test_many_hits_need_approval_too(settings, run):
    assert not services.needs_approval(run)
    settings.BULK_APPROVAL_HITS = run.changes * run.hits_each - 1
    assert services.needs_approval(run)


def test_off_asks_for_the_number_and_a_reason(client, alice, halcyon, sites):
    Activation.objects.update(production_mode="on")
    off = previewed(
        halcyon,
        Activation.objects.filter(system_id__in=(701, 703)),
        alice,
        {"mode": "off"},
        "production",
    )
    client.force_login(alice)
    page = start_page(client, off, count="2").content.decode()
    assert "Say why, in a few words." in page
    start_page(client, off, count="2", reason="Roof work")
    off.refresh_from_db()
    assert off.state == Run.State.RUNNING


# ------------------------------------------------------------------ pause, cancel, retry


def test_paused_runs_send_nothing_and_go_on(client, alice, run, world):
    services.start(run, actor=alice)
    pump.pump(run.pk)
    assert Operation.objects.due().filter(run=run).count() == 3
    control = reverse("operations:run-control", args=[run.pk])
    client.force_login(alice)
    client.post(control, {"do": "pause"})
    carry_out(run)
    assert run.state == Run.State.PAUSED
    assert not world.writes("update_activation")
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "Nothing is sent at the moment" in page
    client.post(control, {"do": "resume"})
    carry_out(run)
    assert run.state == Run.State.FINISHED
    assert len(world.writes("update_activation")) == 3


def test_cancelling_takes_back_what_is_not_sent(client, alice, run, world):
    services.start(run, actor=alice)
    pump.pump(run.pk)
    first = Operation.objects.filter(run=run).earliest("pk")
    runner.run(first.pk)
    client.force_login(alice)
    client.post(reverse("operations:run-control", args=[run.pk]), {"do": "cancel"})
    carry_out(run)
    assert run.state == Run.State.CANCELLED
    assert len(world.writes("update_activation")) == 1
    assert Operation.objects.filter(run=run, state=State.CANCELLED).count() == 2
    # The one that was sent can still be put back.
    assert services.prepare_undo(run, actor=alice, branch=None, token=uuid.uuid4()).changes == 1


def test_what_comes_back_to_the_queue_after_the_end_is_cancelled(alice, run):
    services.start(run, actor=alice)
    pump.pump(run.pk)
    late = Operation.objects.filter(run=run).earliest("pk")
    Operation.objects.filter(pk=late.pk).update(state=State.SENDING)
    services.cancel(run, actor=alice)
    Operation.objects.filter(pk=late.pk).update(state=State.QUEUED)
    assert not Operation.objects.due().filter(run=run).exists()
    pump.pump_all()
    late.refresh_from_db()
    assert late.state == State.CANCELLED


def test_failed_ones_are_retried_and_no_others(client, alice, run, world):
    world.fault("update_activation", "status", status=422, message="Nope")
    services.start(run, actor=alice)
    carry_out(run)
    assert Operation.objects.filter(run=run, state=State.REJECTED).count() == 1
    client.force_login(alice)
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "Retry 1 failed" in page
    assert "Choose another" in page
    assert page.index("Failed</span>") < page.index("Done</span>")
    client.post(reverse("operations:run-control", args=[run.pk]), {"do": "retry"})
    carry_out(run)
    assert run.state == Run.State.FINISHED
    assert Operation.objects.filter(run=run).count() == 4
    assert Operation.objects.filter(run=run, state=State.DONE).count() == 3
    with pytest.raises(TooLate):
        services.retry_failed(run, actor=alice)


# ------------------------------------------------------------------ exactly once


def test_a_pump_that_dies_queues_nothing_twice(alice, run, monkeypatch):
    """It dies after the operation was made and before the item knew of it: nothing was made."""
    services.start(run, actor=alice)
    save, died = RunItem.save, []

    def dying(self, *args, **kwargs):
        if not died:
            died.append(self.pk)
            raise MemoryError
        save(self, *args, **kwargs)

    monkeypatch.setattr(RunItem, "save", dying)
    with pytest.raises(MemoryError):
        pump.pump(run.pk)
    assert not Operation.objects.filter(run=run).exists()
    pump.pump_all()
    pump.pump_all()
    assert Operation.objects.filter(run=run).count() == 3
    assert run.items.filter(operation=None).count() == 0


def test_the_queue_holds_a_few_of_many(halcyon, alice, wanted, settings, monkeypatch):
    monkeypatch.setattr(pump, "WINDOW", 5)
    many = [
        make_site(halcyon, number=number, city="Petaluma", state="CA", country="US")
        for number in range(12)
    ]
    run = previewed(halcyon, many, alice, {"profile": wanted.enphase_id})
    services.start(run, actor=alice)
    pump.pump(run.pk)
    assert Operation.objects.filter(run=run).count() == 5
    pump.pump(run.pk)
    assert Operation.objects.filter(run=run).count() == 5
    Operation.objects.filter(run=run).update(state=State.DONE)
    pump.pump(run.pk)
    assert Operation.objects.filter(run=run).count() == 10


def test_one_bell_works_off_all_that_is_due(alice, run, world):
    services.start(run, actor=alice)
    pump.pump(run.pk)
    tasks.work_off_bulk()
    assert len(world.writes("update_activation")) == 3
    assert not Operation.objects.due().filter(run=run).exists()


def test_a_sweep_rings_a_few_times_for_many(halcyon, alice, wanted, monkeypatch):
    """A bell for each of the many that wait, every few seconds, would bury the queue."""
    many = [
        make_site(halcyon, number=number, city="Petaluma", state="CA", country="US")
        for number in range(12)
    ]
    run = previewed(halcyon, many, alice, {"profile": wanted.enphase_id})
    services.start(run, actor=alice)
    pump.pump(run.pk)
    Operation.objects.update(not_before=timezone.now() - timedelta(minutes=1))
    rung: list[str] = []
    for task in (tasks.work_off_bulk, tasks.run_operation):
        monkeypatch.setattr(task, "apply_async", lambda **options: rung.append(options["queue"]))
    tasks.sweep_operations()
    assert rung == ["bulk"] * tasks.BULK_BELLS


# ------------------------------------------------------------------ what gets in the way


def test_month_used_up_half_way_pauses_with_words_and_goes_on_later(
    client, alice, run, settings, world
):
    settings.USAGE_PLAN = settings.USAGE_PLAN | {"writes_per_month": 1}
    client.force_login(alice)
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "More than this month allows" in page
    services.start(run, actor=alice)
    carry_out(run)
    assert (run.state, run.pause_reason) == (Run.State.PAUSED, "month")
    assert "The monthly quota is used up" in run.message
    assert len(world.writes("update_activation")) == 1
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "The monthly quota is used up" in page

    WriteQuota.objects.all().delete()
    settings.USAGE_PLAN = settings.USAGE_PLAN | {"writes_per_month": 200}
    Operation.objects.filter(state=State.PAUSED).update(not_before=timezone.now())
    runner.resume_paused()
    carry_out(run)
    assert run.state == Run.State.FINISHED
    assert len(world.writes("update_activation")) == 3


def test_a_person_goes_first_and_the_run_sees_what_they_changed(
    alice, dana, run, sites, wanted, world
):
    """Alice's run has a change of 701 in the queue when dana sets the same field by hand."""
    services.start(run, actor=alice)
    pump.pump(run.pk)
    site = sites[0]
    other = fitting(site.company, {wanted.enphase_id, site.detail["grid_profile"]})
    hers = queue_change(
        site,
        title="Change grid",
        changes={"grid_profile": other.enphase_id, "voltage": "208Y"},
        base={"grid_profile": site.detail["grid_profile"], "voltage": None},
        actor=dana,
    )
    due = Operation.objects.due()
    assert due.filter(pk=hers.pk).exists()
    child = Operation.objects.get(run=run, activation=site)
    assert not due.filter(pk=child.pk).exists()
    runner.run(hers.pk)
    carry_out(run)
    child.refresh_from_db()
    assert child.state == State.CONFLICT
    assert profiles(world, [site]) == {701: other.enphase_id}
    assert run.state == Run.State.FINISHED


def test_a_change_that_is_under_way_makes_the_item_wait(alice, dana, run, sites, wanted):
    site = sites[0]
    queue_change(
        site,
        title="Change grid",
        changes={"grid_profile": "another"},
        base={"grid_profile": site.detail["grid_profile"]},
        actor=dana,
    )
    services.start(run, actor=alice)
    pump.pump(run.pk)
    item = run.items.get(activation=site)
    assert item.state == RunItem.State.WAITING
    assert "Waits for an earlier change of this site" in item.reason
    assert Operation.objects.filter(run=run).count() == 2


def test_sites_that_vanish_or_appear_meanwhile(alice, run, sites, halcyon):
    make_site(halcyon, number=77)
    Activation.objects.filter(pk=sites[0].pk).update(gone_at=timezone.now())
    sites[1].delete()
    services.start(run, actor=alice)
    carry_out(run)
    states = {item.name: (item.state, item.reason) for item in run.items.all()}
    assert states[sites[0].name] == (RunItem.State.REFUSED, "This site is not at Enphase any more.")
    assert states[sites[1].name] == (
        RunItem.State.REFUSED,
        "This site is not in our list any more.",
    )
    assert len(states) == 3
    assert run.state == Run.State.FINISHED


def test_a_person_who_may_no_longer_change_stops_the_run(alice, run):
    services.start(run, actor=alice)
    Membership.objects.filter(user=alice).update(role="viewer")
    carry_out(run)
    assert (run.state, run.pause_reason) == (Run.State.PAUSED, "rights")
    assert not Operation.objects.filter(run=run).exists()


# ------------------------------------------------------------------ pages


def test_outsiders_see_no_run_and_viewers_only_look(client, run, bob, charlie, sam, alice):
    url = reverse("operations:run", args=[run.pk])
    client.force_login(charlie)
    assert client.get(url).status_code == 404
    client.force_login(bob)
    page = client.get(url).content.decode()
    assert "Only Alice Ferrer can start this preview." in page
    assert "Discard" not in page
    client.force_login(sam)
    assert client.get(url).status_code == 200


def test_branch_members_do_not_see_runs_of_the_whole_company(client, run, halcyon):
    ivy = make_user("ivy@halcyon.example", "Ivy", halcyon, "installer")
    ivy.memberships.update(branch=halcyon.branches.first())
    client.force_login(ivy)
    assert client.get(reverse("operations:run", args=[run.pk])).status_code == 404
    assert run.short_id not in client.get(reverse("operations:runs")).content.decode()


def test_the_list_names_what_waits_for_approval(client, alice, dana, big):
    client.force_login(dana)
    url = reverse("operations:runs")
    assert "No bulk runs yet" in client.get(url).content.decode()
    services.start(big, actor=alice)
    page = client.get(url, {"show": "waiting"}).content.decode()
    assert big.short_id in page
    assert 'Needs approval <span class="n n--warn">1</span>' in page
    assert (
        big.short_id
        in client.get(url, {"show": "waiting", "before": str(big.pk + 1)}).content.decode()
    )


@pytest.mark.parametrize("show", ["", "problems", "done", "left-out", "log", "queued", "x"])
def test_a_run_of_ten_thousand_is_a_page(
    client, alice, halcyon, show, django_assert_max_num_queries
):
    run = Run.objects.create(
        kind="grid-profile",
        title="Set grid profile",
        company=halcyon,
        created_by=alice,
        state=Run.State.RUNNING,
        started_at=timezone.now(),
        changes=10_000,
    )
    RunItem.objects.bulk_create(
        RunItem(
            run=run,
            number=number,
            name=f"House {number}",
            before={"Grid profile": "A"},
            after={"Grid profile": "B"},
        )
        for number in range(1, 10_001)
    )
    client.force_login(alice)
    url = reverse("operations:run", args=[run.pk])
    with django_assert_max_num_queries(18):
        response = client.get(url, {"show": show, "page": "3"})
    page = response.content.decode()
    assert len(page) < 90_000
    assert "<b>0</b> of 10,000 done" in page
    assert "Each block is 34 systems" in page
    assert page.count('class="cell-main"') <= 50


def test_an_empty_run_is_a_page_too(client, alice, halcyon):
    run = previewed(halcyon, [], alice, {"profile": "x"})
    client.force_login(alice)
    assert (
        "Nothing would change"
        in client.get(reverse("operations:run", args=[run.pk])).content.decode()
    )
    with pytest.raises(Refused, match="Nothing would change"):
        services.start(run, actor=alice)
