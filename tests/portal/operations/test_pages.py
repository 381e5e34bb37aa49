"""The pages of operations: who sees them, what they say, what may be decided there."""

import pytest
from django.urls import reverse

from portal.operations.models import Operation, State
from portal.operations.outcomes import LOOK_UP_SECONDS

from .conftest import step

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page(operation, name="detail"):
    return reverse(f"operations:{name}", args=[operation.pk])


@pytest.fixture
def uncertain(create, world, settings):
    """A create that went unanswered and that nobody can find."""
    settings.OPERATIONS_TIME_SCALE = 0.0
    world.fault("create_activation", "status", status=503)
    operation = step(create())
    for _ in LOOK_UP_SECONDS:
        operation = step(operation)
    assert operation.state == State.NEEDS_REVIEW
    return operation


@pytest.mark.parametrize(
    ("person", "status"), [("alice", 200), ("bob", 200), ("charlie", 404), ("sam", 200)]
)
@pytest.mark.parametrize("name", ["detail", "progress", "card"])
def test_who_sees_an_operation(person, status, name, create, client, request):
    operation = create()
    client.force_login(request.getfixturevalue(person))
    assert client.get(page(operation, name), headers=HTMX).status_code == status


@pytest.mark.parametrize(
    ("person", "status"), [("alice", 302), ("bob", 403), ("charlie", 404), ("sam", 403)]
)
def test_who_may_cancel(person, status, create, client, request):
    operation = create()
    client.force_login(request.getfixturevalue(person))
    assert client.post(page(operation, "cancel")).status_code == status
    operation.refresh_from_db()
    assert (operation.state == State.CANCELLED) == (person == "alice")


@pytest.mark.parametrize(
    ("person", "status"),
    [("dana", 302), ("alice", 403), ("bob", 403), ("charlie", 404), ("sam", 403)],
)
def test_only_an_admin_sends_again(person, status, uncertain, client, request):
    client.force_login(request.getfixturevalue(person))
    answer = client.post(page(uncertain, "send-again"), {"reason": "not in Enlighten"})
    assert answer.status_code == status


def test_sending_again_needs_a_reason_and_shows_the_evidence(uncertain, client, dana, world):
    client.force_login(dana)
    answer = client.get(page(uncertain, "send-again"))
    assert answer.status_code == 200
    assert "$2.00" in answer.text
    assert "Not there" in answer.text
    answer = client.post(page(uncertain, "send-again"), {"reason": "  "})
    assert answer.status_code == 422
    assert "Say why, in a few words." in answer.text
    assert world.creates == 0


def test_an_uncertain_create_says_so_and_offers_ways_out(uncertain, client, alice, dana):
    client.force_login(alice)
    text = client.get(page(uncertain)).text
    assert "A person has to decide" in text
    assert page(uncertain, "send-again") not in text
    client.force_login(dana)
    assert page(uncertain, "send-again") in client.get(page(uncertain)).text


def test_polling_stops_by_itself(create, client, alice):
    operation = create()
    client.force_login(alice)
    assert "hx-trigger" in client.get(page(operation, "progress"), headers=HTMX).text
    step(operation)
    answer = client.get(page(operation, "progress"), headers=HTMX)
    assert "hx-trigger" not in answer.text
    assert "Done" in answer.text


def test_the_progress_of_a_gateway_is_on_the_page(create, client, alice):
    operation = create()
    Operation.objects.filter(pk=operation.pk).update(
        state=State.CONFIRMING, progress={"done": 18, "total": 24, "unit": "producing"}
    )
    client.force_login(alice)
    text = client.get(page(operation)).text
    assert "<b>18</b> of 24 producing" in text
    assert 'value="18" max="24"' in text


def test_the_list_is_of_the_own_company_and_pages_on(create, client, alice, charlie):
    for number in range(52):
        create(reference=f"R{number}")
    client.force_login(alice)
    answer = client.get(reverse("operations:list"))
    assert answer.text.count("Create Ridge house") == 50
    more = answer.context["more_before"]
    answer = client.get(reverse("operations:list"), {"before": more}, headers=HTMX)
    assert answer.text.count("Create Ridge house") == 2
    client.force_login(charlie)
    answer = client.get(reverse("operations:list"))
    assert "Create Ridge house" not in answer.text
    assert "No operations yet" in answer.text


def test_the_list_costs_a_fixed_number_of_queries(
    create, client, alice, django_assert_max_num_queries
):
    for number in range(20):
        create(reference=f"R{number}")
    client.force_login(alice)
    client.get(reverse("operations:list"))
    with django_assert_max_num_queries(3):
        client.get(reverse("operations:list"))


def test_strange_query_values_do_no_harm(client, alice):
    client.force_login(alice)
    answer = client.get(reverse("operations:list"), {"before": "x' --", "show": "<b>"})
    assert answer.status_code == 200
