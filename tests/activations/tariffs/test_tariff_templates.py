"""A tariff is kept under a name, used on another site, or copied from one."""

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot
from activations.tariffs.models import TariffDraft, TariffTemplate
from activations.tariffs.plan import wire_of
from tests.activations.sites import copy_of
from tests.activations.tariffs.examples import BAY, fields_of, site_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(halcyon, world):
    return site_with(halcyon, world)


@pytest.fixture
def other(halcyon, world, site):
    """Site 701, with the tariff that the sandbox gives every site."""
    return site_with(halcyon, world, None, system_id=701)


def url_of(site, name="tariff"):
    return reverse(f"tariffs:{name}", args=[site.pk])


@pytest.fixture
def template(client, alice, site):
    client.force_login(alice)
    client.post(url_of(site, "save-template"), {"name": "Bay TOU-C"})
    return TariffTemplate.objects.get()


def test_saved_and_used_on_another_site(client, template, other):
    assert "storage_settings" not in template.tariff
    page = client.get(url_of(other, "use-template")).content.decode()
    assert "Bay TOU-C" in page
    assert "Time of use, 2 seasons, 29¢ to 58¢, sells at 6¢" in page
    client.post(url_of(other, "use-template"), {"template": template.pk})
    draft = TariffDraft.objects.get(activation=other)
    assert draft.source == "template “Bay TOU-C”"
    assert wire_of(draft.document)["seasons"] == BAY["seasons"]
    assert "storage_settings" not in wire_of(draft.document)
    page = client.get(url_of(other)).content.decode()
    assert "From template “Bay TOU-C”" in page


def test_not_used_where_the_tariff_of_now_is_unknown(client, template, halcyon):
    """Such a draft would call the first copy that comes a change by somebody else."""
    unread = copy_of(halcyon, 701)
    answer = client.post(url_of(unread, "use-template"), {"template": template.pk})
    assert answer.status_code == 409
    assert "was not read yet. Refresh it first." in answer.content.decode()
    assert not TariffDraft.objects.exists()


def test_battery_settings_of_the_site_stay(client, alice, site, template):
    client.post(url_of(site, "use-template"), {"template": template.pk})
    draft = TariffDraft.objects.get(activation=site)
    assert wire_of(draft.document) == BAY


def test_a_name_is_given_once(client, site, template):
    response = client.post(url_of(site, "save-template"), {"name": "bay tou-c"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "There is a template “bay tou-c” already" in page
    assert 'value="bay tou-c"' in page


def test_what_is_incomplete_is_not_saved(client, alice, site):
    client.force_login(alice)
    fields = fields_of(client.get(url_of(site)).content.decode())
    rate = next(name for name in fields if name.endswith("-rate"))
    client.post(url_of(site), {**fields, rate: "", "do": "preview"})
    page = client.get(url_of(site, "save-template")).content.decode()
    assert "Enter the price per kWh" in page
    response = client.post(url_of(site, "save-template"), {"name": "Half"})
    assert response.status_code == 422
    assert not TariffTemplate.objects.exists()


def test_list_rename_and_delete(client, template, site):
    page = client.get(reverse("tariff-templates:list")).content.decode()
    assert "Bay TOU-C" in page
    assert "Alice Ferrer" in page
    url = reverse("tariff-templates:change", args=[template.pk])
    assert "yearmap" in client.get(url).content.decode()
    client.post(url, {"name": "Bay TOU-D"})
    template.refresh_from_db()
    assert template.name == "Bay TOU-D"
    gone = reverse("tariff-templates:delete", args=[template.pk])
    assert "Delete the template “Bay TOU-D”?" in client.get(gone).content.decode()
    assert TariffTemplate.objects.exists()
    client.post(gone)
    assert not TariffTemplate.objects.exists()
    assert "No templates yet" in client.get(reverse("tariff-templates:list")).content.decode()
    assert "No templates yet" in client.get(url_of(site, "use-template")).content.decode()


def test_renaming_to_a_taken_name_is_refused(client, template, site):
    client.post(url_of(site, "save-template"), {"name": "Other"})
    url = reverse("tariff-templates:change", args=[template.pk])
    response = client.post(url, {"name": "OTHER"})
    assert response.status_code == 422
    template.refresh_from_db()
    assert template.name == "Bay TOU-C"


def test_templates_belong_to_a_company(client, bob, charlie, template):
    change = reverse("tariff-templates:change", args=[template.pk])
    delete = reverse("tariff-templates:delete", args=[template.pk])
    client.force_login(bob)
    assert client.get(change).status_code == 200
    assert client.post(change, {"name": "x"}).status_code == 403
    assert client.post(delete).status_code == 403
    client.force_login(charlie)
    assert client.get(change).status_code == 404
    assert client.post(delete).status_code == 404
    assert "Bay TOU-C" not in client.get(reverse("tariff-templates:list")).content.decode()


def test_template_of_another_company_cannot_be_used(client, alice, bluebonnet, site, template):
    strange = TariffTemplate.objects.create(company=bluebonnet, name="Texas", tariff=BAY)
    assert "Texas" not in client.get(url_of(site, "use-template")).content.decode()
    response = client.post(url_of(site, "use-template"), {"template": strange.pk})
    assert response.status_code == 404


def test_copied_from_another_system_with_its_age(client, alice, site, other, world):
    Snapshot.objects.filter(activation=site).update(
        fetched_at=timezone.now() - timezone.timedelta(hours=5)
    )
    client.force_login(alice)
    hits = world.hits
    page = client.get(url_of(other, "copy") + "?q=whitaker").content.decode()
    assert "Whitaker residence" in page
    assert "5 h ago" in page
    client.post(url_of(other, "copy"), {"site": site.pk})
    assert world.hits == hits
    draft = TariffDraft.objects.get(activation=other)
    assert draft.source == "site Whitaker residence"
    assert wire_of(draft.document)["seasons"] == BAY["seasons"]


def test_a_system_never_read_can_be_read_first(client, alice, site, halcyon, on_commit):
    fresh = copy_of(halcyon, 701)
    client.force_login(alice)
    page = client.get(url_of(site, "copy") + "?q=okafor").content.decode()
    assert "never read" in page
    refused = client.post(url_of(site, "copy"), {"site": fresh.pk})
    assert refused.status_code == 409
    assert "was never read" in refused.content.decode()
    with on_commit():
        client.post(url_of(site, "copy") + "?q=okafor", {"read": fresh.pk})
    assert snapshots.current(fresh, "tariff").is_known
    page = client.get(url_of(site, "copy") + "?q=okafor").content.decode()
    assert "28¢ all year" in page


def test_sites_of_others_are_not_offered(client, charlie, alice, site, halcyon, bluebonnet):
    client.force_login(alice)
    theirs = copy_of(bluebonnet, 801)
    assert theirs.name not in client.get(url_of(site, "copy") + "?q=a").content.decode()
    assert client.post(url_of(site, "copy"), {"site": theirs.pk}).status_code == 404
