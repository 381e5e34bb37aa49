"""Grid profiles and PV modules: daily copies, pages, and choices for forms."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from activations.catalog import services, sync
from activations.catalog.models import GridProfile, PvManufacturer, PvModel, Refresh
from activations.catalog.tasks import refresh_due_catalogues

PROFILES = 42


@pytest.fixture
def copied(halcyon):
    assert sync.refresh(halcyon) == []
    return halcyon


def test_catalogues_are_copied_once_a_day(copied, bluebonnet, world):
    assert GridProfile.objects.filter(company=copied).count() == PROFILES
    makers = PvManufacturer.objects.count()
    assert makers > 5
    before = world.hits
    refresh_due_catalogues()
    # Only the other company's profiles are new; makers are everybody's.
    assert world.hits == before + 1
    Refresh.objects.update(
        done_at=timezone.now() - timedelta(hours=25), tried_at=timezone.now() - timedelta(hours=25)
    )
    refresh_due_catalogues()
    assert world.hits == before + 4
    assert PvManufacturer.objects.count() == makers


def test_a_failed_copy_keeps_the_old_one_and_waits_an_hour(copied, world):
    Refresh.objects.update(done_at=None, tried_at=timezone.now() - timedelta(hours=2))
    world.fault("*", "status", status=500, times=50)
    problems = sync.refresh(copied)
    assert len(problems) == 2
    assert GridProfile.objects.count() == PROFILES
    assert Refresh.objects.exclude(problem="").count() == 2
    world.clear_faults()
    before = world.hits
    sync.refresh(copied)
    assert world.hits == before


def test_unchanged_catalogues_write_nothing(copied, world):
    before = list(GridProfile.objects.values())
    sync.refresh(copied, only_due=False)
    assert list(GridProfile.objects.values()) == before


def test_profiles_that_left_the_catalogue_leave_the_copy(copied, world):
    GridProfile.objects.create(company=copied, enphase_id="f" * 24, name="Old")
    sync.read_grid_profiles(copied)
    assert not GridProfile.objects.filter(enphase_id="f" * 24).exists()


def test_profiles_for_a_site(copied):
    def names(*where, **more):
        return {profile.name for profile in services.grid_profiles_for(copied, *where, **more)}

    california = names("US", "CA")
    assert "CA Rule 21 2023 SB" in california
    assert "IEEE 1547-2018 Category III" in california  # for all states
    assert "TX Cooperative" not in california
    battery = names("US", "CA", needs_battery=True)
    assert battery < california
    assert "CA Rule 21 2018" not in battery
    assert "Netherlands EN 50549-1" in names("NL", "UT")
    assert len(names()) == PROFILES


def test_modules_are_read_when_first_asked_for(copied, world):
    maker = PvManufacturer.objects.first()
    assert not services.pv_models_of(maker).exists()
    before = world.hits
    models = list(services.pv_models_of(maker.enphase_id, company=copied))
    assert models
    assert world.hits == before + 1
    assert list(services.pv_models_of(maker.enphase_id, company=copied)) == models
    assert world.hits == before + 1
    assert not services.pv_models_of(987654321, company=copied).exists()


def test_modules_that_cannot_be_read_leave_the_copy(copied, world):
    maker = PvManufacturer.objects.first()
    world.fault("list_pv_models", "status", status=500, times=20)
    assert list(services.pv_models_of(maker, company=copied)) == []


def test_command_says_how_many(halcyon, bluebonnet, world, capsys):
    call_command("refresh_catalogues")
    out = capsys.readouterr().out
    assert f"Halcyon Solar: {PROFILES} grid profiles." in out
    assert f"Bluebonnet Energy: {PROFILES} grid profiles." in out


# ------------------------------------------------------------------ pages


def test_grid_profiles_are_filtered_by_place_and_battery(client, bob, copied):
    client.force_login(bob)
    page = client.get("/reference/grid-profiles/").content.decode()
    assert f"{PROFILES} grid profiles" in page
    page = client.get(
        "/reference/grid-profiles/",
        {"country": "US", "state": "CA", "battery": "yes", "q": "rule sb"},
    ).content.decode()
    assert "CA Rule 21 2023 SB" in page
    assert "CA Rule 21 2018" not in page
    page = client.get("/reference/grid-profiles/", {"q": "zanzibar"}).content.decode()
    assert "Nothing matches" in page


def test_profiles_of_another_company_are_not_shown(client, charlie, copied):
    client.force_login(charlie)
    assert "No grid profiles yet" in client.get("/reference/grid-profiles/").content.decode()


def test_makers_and_their_modules(client, alice, bob, copied, world):
    maker = PvManufacturer.objects.first()
    client.force_login(bob)
    assert maker.name in client.get("/reference/pv-modules/").content.decode()
    found = client.get("/reference/pv-modules/", {"q": maker.name[:5].upper()}).content.decode()
    assert maker.name in found
    address = f"/reference/pv-modules/{maker.enphase_id}/"
    assert "Not read yet" in client.get(address).content.decode()
    assert client.post(address).status_code == 403
    client.force_login(alice)
    before = world.hits
    page = client.post(address).content.decode()
    assert world.hits == before + 1
    assert PvModel.objects.filter(manufacturer=maker).first().name in page
    assert client.get("/reference/pv-modules/987654321/").status_code == 404


def test_modules_page_says_when_enphase_does_not_answer(client, alice, copied, world):
    maker = PvManufacturer.objects.first()
    world.fault("list_pv_models", "status", status=500, times=20)
    client.force_login(alice)
    response = client.post(f"/reference/pv-modules/{maker.enphase_id}/")
    assert response.status_code == 502
    assert "could not be read" in response.content.decode()


@pytest.mark.parametrize("path", ["/reference/grid-profiles/", "/reference/pv-modules/"])
def test_signed_out_people_are_asked_to_sign_in(client, db, path):
    assert "/accounts/login/" in client.get(path)["Location"]
