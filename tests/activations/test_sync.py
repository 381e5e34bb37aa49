"""Sweeping the list of Enphase into our table."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activations import sync, tasks
from activations.models import Activation, Mirror, Sweep, SweepPage
from enphase.records import Activation as Record
from portal.operations.models import AuditEvent
from portal.usage import meter
from tests.activations.made import make_site

HALCYON_SITES = {701, 702, 703, 704, 705, 706}


def swept(company, **options):
    run = sync.sweep(company, **options)
    assert run is not None
    assert run.problem == ""
    assert run.finished_at
    return run


def small_pages(monkeypatch, size=2):
    """Enphase's smallest page is ours to choose; a handful of sites then takes several."""
    monkeypatch.setattr(sync, "PAGE_SIZE", size)


def events(tag):
    return list(AuditEvent.objects.filter(tag=tag).order_by("sequence"))


# ------------------------------------------------------------------ what comes in


def test_first_sweep_brings_the_companys_sites(halcyon, world):
    run = swept(halcyon)
    assert (run.pages, run.rows, run.written) == (1, 6, 6)
    assert set(Activation.objects.values_list("system_id", flat=True)) == HALCYON_SITES
    okafor = Activation.objects.get(system_id=701)
    assert (okafor.name, okafor.reference, okafor.stage) == ("Okafor residence", "HAL701", 3)
    assert (okafor.owner_name, okafor.city, okafor.state) == ("Ada Okafor", "Sacramento", "CA")
    assert okafor.branch is None
    assert Activation.objects.get(system_id=704).branch.name == "Halcyon Solar North"
    # Enphase keeps no history: since when a site we have just met is in its stage, nobody knows.
    assert okafor.stage_since is None
    assert not events("activation:stage-changed")


def test_a_sweep_without_news_writes_no_site(halcyon, world):
    swept(halcyon)
    before = list(Activation.objects.order_by("pk").values())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = swept(halcyon)
    assert run.written == 0
    writes = [
        query["sql"]
        for query in queries
        if (
            "activations_activation" in query["sql"]
            and query["sql"].lstrip().split()[0] in {"INSERT", "DELETE"}
        )
        or query["sql"].lstrip().startswith('UPDATE "activations_activation"')
    ]
    assert writes == []
    assert list(Activation.objects.order_by("pk").values()) == before


def test_a_change_at_enphase_arrives(halcyon, world):
    swept(halcyon)
    world.patch_system(702, system_name="Delgado villa")
    run = swept(halcyon)
    assert run.written == 1
    villa = Activation.objects.get(system_id=702)
    assert villa.name == "Delgado villa"
    assert "delgado villa" in villa.search_text


def test_a_change_of_stage_is_stamped_and_told(halcyon, world):
    swept(halcyon)
    world.patch_system(704, stage=3)
    swept(halcyon)
    barn = Activation.objects.get(system_id=704)
    assert barn.stage == 3
    assert timezone.now() - barn.stage_since < timedelta(minutes=1)
    (event,) = events("activation:stage-changed")
    assert event.activation_id == barn.pk
    assert event.text == "Stage 2 Connecting → 3 Verifying"
    assert event.data == {"before": {"stage": 2}, "after": {"stage": 3}}


def test_derived_columns_follow(halcyon, world):
    swept(halcyon)
    brennan = Activation.objects.get(system_id=706)
    assert (brennan.status_key, brennan.needs_attention) == ("comm", True)
    complete = Activation.objects.get(system_id=705)
    assert (complete.is_open, complete.waits_for_pto) == (False, False)


# ------------------------------------------------------------------ adopting one answer


def record(**fields):
    return Record.from_api({"system_id": 4711, "system_name": "Field house"} | fields)


def test_missing_fields_keep_what_we_have(halcyon):
    site = sync.adopt(
        halcyon,
        record(
            stage=2, status="Normal", reference="FH-1", owner_id=7, owner="Jo Field",
            installer_id=81, permission_to_operate=False, updated_at=1_700_000_000,
            address={"street1": "1 Mill Lane", "city": "Napa", "state": "CA", "country": "US"},
        ),
        detail=False,
    )  # fmt: skip
    again = sync.adopt(halcyon, record(status="Meter Issue"), detail=False)
    assert again.pk == site.pk
    again.refresh_from_db()
    assert (again.status, again.status_key, again.needs_attention) == (
        "Meter Issue", "meter_issue", True,
    )  # fmt: skip
    assert (again.stage, again.reference, again.owner_name) == (2, "FH-1", "Jo Field")
    assert (again.street1, again.city) == ("1 Mill Lane", "Napa")
    assert again.branch.enphase_id == 81
    assert again.updated_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_fields_of_a_wrong_type_keep_what_we_have(halcyon):
    sync.adopt(halcyon, record(stage=3, operational=True, owner_id=7), detail=False)
    strange = record(
        stage={"a": 1}, operational="perhaps", owner_id=[1], system_name="x" * 900, status="y" * 99
    )
    site = sync.adopt(halcyon, strange, detail=False)
    site.refresh_from_db()
    assert (site.stage, site.operational, site.owner_id) == (3, True, 7)
    assert len(site.name) == 255
    assert len(site.status) == 80
    assert site.raw["stage"] == {"a": 1}


def test_a_stage_that_does_not_exist_is_not_taken(halcyon):
    sync.adopt(halcyon, record(stage=3), detail=False)
    assert sync.adopt(halcyon, record(stage=99), detail=False).stage == 3


@pytest.mark.parametrize(("stage", "wants"), [(1, False), (2, True), (3, True)])
def test_a_silent_gateway_is_no_news_before_it_was_entered(halcyon, stage, wants):
    site = sync.adopt(halcyon, record(stage=stage, status="Envoy Not Reporting"), detail=False)
    assert site.needs_attention is wants


def test_details_are_kept_beside_the_list(halcyon):
    sync.adopt(halcyon, record(stage=1, owner="Jo Field", owner_id=7), detail=False)
    site = sync.adopt(
        halcyon,
        record(
            owner={"user_id": 7, "first_name": "Jo", "last_name": "Field", "email": "jo@x.example"},
            owner_id=7, envoy_serial_numbers=["202314071152"], production_mode="off",
        ),
        detail=True,
    )  # fmt: skip
    assert site.detail["owner"]["email"] == "jo@x.example"
    assert (site.gateway_count, site.production_mode, site.owner_name) == (1, "off", "Jo Field")
    assert "202314071152" in site.search_text
    # An answer without `expand` has only the name; the person we know in full stays.
    site = sync.adopt(halcyon, record(owner="Jo Field", owner_id=7), detail=True)
    assert site.detail["owner"]["email"] == "jo@x.example"
    assert site.detail["envoy_serial_numbers"] == ["202314071152"]


def test_a_site_just_made_knows_since_when(halcyon):
    now = int(timezone.now().timestamp())
    site = sync.adopt(halcyon, record(stage=1, updated_at=now), detail=True)
    assert site.stage_since is not None


def test_a_list_that_lags_does_not_undo_what_was_just_read(halcyon):
    now = int(timezone.now().timestamp())
    sync.adopt(halcyon, record(stage=2, updated_at=now - 900), detail=False)
    sync.adopt(halcyon, record(system_name="New name", updated_at=now), detail=True)
    behind = record(system_name="Field house", stage=2, status="Old", updated_at=now - 60)
    assert sync.adopt(halcyon, behind, detail=False).name == "New name"


def test_a_company_never_sees_anothers_site(halcyon, bluebonnet, world):
    swept(halcyon)
    swept(bluebonnet)
    mine = set(Activation.objects.filter(company=bluebonnet).values_list("system_id", flat=True))
    assert mine
    assert mine.isdisjoint(HALCYON_SITES)


# ------------------------------------------------------------------ many pages, bad weather


def test_many_pages_are_one_sweep(halcyon, world, monkeypatch):
    small_pages(monkeypatch)
    run = swept(halcyon)
    # The last page is exactly full, so one more, empty, tells the end.
    assert (run.pages, run.rows) == (4, 6)
    assert sync.seen_ids(run) == HALCYON_SITES
    assert Mirror.objects.get().pages == 4


def test_a_broken_sweep_goes_on_where_it_stopped(halcyon, world, monkeypatch):
    small_pages(monkeypatch)
    world.fault("list_activations", "status", status=500, after=1, times=20)
    broken = sync.sweep(halcyon)
    assert broken.finished_at is None
    assert broken.problem
    assert Activation.objects.count() == 2
    mirror = Mirror.objects.get()
    assert mirror.problem == broken.problem
    assert mirror.not_before > timezone.now()
    assert mirror.lease_until is None
    assert sync.due_kind(halcyon, mirror) is None

    world.clear_faults()
    before = world.hits
    run = swept(halcyon)
    assert run.pk == broken.pk
    assert world.hits == before + 3
    assert Activation.objects.count() == 6
    assert Mirror.objects.get().problem == ""


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("status", {"status": 500}),
        ("html", {"status": 502}),
        ("truncated", {}),
        ("bad_json", {}),
        ("rate_limited", {"period": "minute"}),
        ("status", {"status": 422}),
    ],
)
def test_a_failed_sweep_deletes_nothing(halcyon, world, monkeypatch, kind, parameters):
    # A sweep waits up to a minute for the plan's limit; a test does not.
    monkeypatch.setitem(meter.PATIENCE_SECONDS, "sync", 0.1)
    swept(halcyon)
    for _ in range(3):
        world.fault("list_activations", kind, times=20, **parameters)
        run = sync.sweep(halcyon)
        assert run.finished_at is None
        assert run.problem
        world.clear_faults()
    assert Activation.objects.present().count() == 6
    assert not Activation.objects.filter(missed_sweeps__gt=0).exists()


def test_strange_types_do_not_stop_a_sweep(halcyon, world):
    swept(halcyon)
    world.fault("list_activations", "wrong_types", times=1)
    run = sync.sweep(halcyon)
    assert run is not None
    assert Activation.objects.present().count() == 6
    assert all(Activation.objects.values_list("name", flat=True))


def test_a_list_that_goes_round_in_circles_ends(halcyon, world, monkeypatch):
    small_pages(monkeypatch)
    # Every page claims to be the first: the cursor of the second is the same again and again.
    from enphase.resources.activations import Activations

    really = Activations.list_activations

    def stuck(self, limit, next=None, **filters):  # noqa: A002
        return really(self, limit=limit, next=None, **filters)

    monkeypatch.setattr(Activations, "list_activations", stuck)
    run = sync.sweep(halcyon)
    assert run.finished_at is None
    assert "circles" in run.problem
    assert run.pages == 2
    assert not Activation.objects.filter(missed_sweeps__gt=0).exists()


def test_only_one_sweeper_at_a_time(halcyon, world):
    Mirror.objects.create(company=halcyon, lease_until=timezone.now() + timedelta(minutes=1))
    before = world.hits
    assert sync.sweep(halcyon) is None
    assert world.hits == before


def test_a_dead_sweeper_is_overtaken(halcyon, world):
    Mirror.objects.create(company=halcyon, lease_until=timezone.now() - timedelta(seconds=1))
    swept(halcyon)


def test_without_connection_the_copy_stays_and_says_why(halcyon, world):
    swept(halcyon)
    halcyon.account.state = "needs_reconnect"
    halcyon.account.save()
    run = sync.sweep(halcyon)
    assert "connect" in run.problem
    assert Activation.objects.present().count() == 6


# ------------------------------------------------------------------ what is gone


def hide(monkeypatch, *system_ids):
    """Enphase's list leaves these out, as it does now and then while it shifts."""
    from enphase.resources.activations import Activations

    really = Activations.list_activations

    def shortened(self, *args, **given):
        page = really(self, *args, **given)
        systems = [site for site in page.systems if site.system_id not in system_ids]
        return page.model_copy(update={"systems": systems})

    monkeypatch.setattr(Activations, "list_activations", shortened)


def test_a_site_missing_from_the_list_alone_stays(halcyon, world, monkeypatch):
    swept(halcyon)
    hide(monkeypatch, 702)
    Activation.objects.update(first_seen_at=timezone.now() - timedelta(hours=1))
    for _ in range(3):
        swept(halcyon)
    # Asked for by its id, Enphase still knows it.
    site = Activation.objects.get(system_id=702)
    assert site.gone_at is None
    assert site.missed_sweeps in (0, 1)
    assert site.detail_at is not None


def test_a_site_is_gone_after_two_sweeps_and_enphases_word(halcyon, world):
    swept(halcyon)
    ghost = make_site(halcyon, system_id=70_999, stage=1)
    Activation.objects.update(first_seen_at=timezone.now() - timedelta(hours=1))

    before = world.hits
    swept(halcyon)
    ghost.refresh_from_db()
    assert (ghost.missed_sweeps, ghost.gone_at) == (1, None)
    assert world.hits == before + 1

    swept(halcyon)
    ghost.refresh_from_db()
    assert ghost.gone_at is not None
    assert world.hits == before + 3
    (event,) = events("activation:gone")
    assert event.activation_id == ghost.pk
    assert Activation.objects.present().count() == 6
    assert not ghost.is_open


def test_while_enphase_stumbles_nothing_is_gone(halcyon, world):
    swept(halcyon)
    ghost = make_site(halcyon, system_id=70_999, missed_sweeps=5)
    Activation.objects.update(first_seen_at=timezone.now() - timedelta(hours=1))
    world.fault("get_activation", "status", status=500, times=20)
    run = sync.sweep(halcyon)
    assert run.finished_at is None
    ghost.refresh_from_db()
    assert ghost.gone_at is None


def test_a_site_made_during_the_sweep_is_not_missed(halcyon, world):
    swept(halcyon)
    site = make_site(halcyon, system_id=70_999)
    Activation.objects.filter(pk=site.pk).update(first_seen_at=timezone.now() + timedelta(hours=1))
    swept(halcyon)
    site.refresh_from_db()
    assert site.missed_sweeps == 0


def test_a_site_that_comes_back_is_shown_again(halcyon, world):
    swept(halcyon)
    sync.forget(Activation.objects.get(system_id=703))
    assert Activation.objects.present().count() == 5
    swept(halcyon)
    assert Activation.objects.get(system_id=703).gone_at is None
    assert len(events("activation:back")) == 1


# ------------------------------------------------------------------ the hot set, and when


def test_the_hot_set_asks_for_sites_in_progress_only(halcyon, world):
    run = swept(halcyon, kind="hot")
    assert set(Activation.objects.values_list("system_id", flat=True)) == HALCYON_SITES - {705}
    assert run.kind == Sweep.Kind.HOT
    assert Mirror.objects.get().full_at is None


def test_a_site_that_leaves_the_hot_set_is_asked_for(halcyon, world):
    swept(halcyon)
    Activation.objects.update(first_seen_at=timezone.now() - timedelta(hours=1))
    world.patch_system(703, stage=5)
    before = world.hits
    swept(halcyon, kind="hot")
    assert Activation.objects.get(system_id=703).stage == 5
    assert world.hits == before + 2
    swept(halcyon, kind="hot")
    assert world.hits == before + 3


def test_the_schedule_is_that_of_the_architecture(halcyon):
    noon = datetime(2026, 6, 3, 19, 0, tzinfo=UTC)  # Wednesday, noon in California and around it
    mirror = Mirror(company=halcyon, not_before=noon - timedelta(days=1))
    assert sync.due_kind(halcyon, mirror, noon) == "full"
    mirror.full_at = mirror.hot_at = noon
    assert sync.due_kind(halcyon, mirror, noon + timedelta(minutes=4)) is None
    assert sync.due_kind(halcyon, mirror, noon + timedelta(minutes=5)) == "hot"
    assert sync.due_kind(halcyon, mirror, noon + timedelta(hours=7)) == "full"
    night = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
    mirror.full_at = mirror.hot_at = night
    mirror.not_before = night - timedelta(days=1)
    assert sync.due_kind(halcyon, mirror, night + timedelta(minutes=20)) is None
    assert sync.due_kind(halcyon, mirror, night + timedelta(minutes=30)) == "hot"


def test_the_round_sweeps_what_is_due_and_no_more(halcyon, bluebonnet, world):
    tasks.sweep_due_companies()
    assert Activation.objects.filter(company=halcyon).count() == 6
    assert Activation.objects.filter(company=bluebonnet).exists()
    before = world.hits
    tasks.sweep_due_companies()
    assert world.hits == before


def test_only_the_last_sweep_remembers_its_pages(halcyon, world):
    swept(halcyon)
    run = swept(halcyon)
    assert set(SweepPage.objects.values_list("sweep_id", flat=True)) == {run.pk}


# ------------------------------------------------------------------ commands


def test_command_sweeps_one_company_or_all(halcyon, bluebonnet, world, capsys):
    call_command("sweep_activations", company=halcyon.pk)
    assert "Halcyon Solar: 6 sites on 1 pages, 6 written." in capsys.readouterr().out
    assert not Activation.objects.filter(company=bluebonnet).exists()
    call_command("sweep_activations")
    assert "6 sites on 1 pages, 0 written." in capsys.readouterr().out
    assert Activation.objects.filter(company=bluebonnet).exists()


def test_command_fails_aloud(halcyon, world):
    world.fault("list_activations", "status", status=500, times=20)
    with pytest.raises(CommandError, match="nothing was removed"):
        call_command("sweep_activations")
    with pytest.raises(CommandError, match="no company 123456"):
        call_command("sweep_activations", company=123456)
