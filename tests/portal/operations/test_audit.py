"""The trail only grows, and shows when somebody touched it."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from portal.operations import audit
from portal.operations.models import AuditEvent, AuditHead

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(halcyon, alice):
    for number in range(5):
        audit.record("site:renamed", company=halcyon, actor=alice, data={"number": number})
    return halcyon.pk


def test_a_whole_chain_verifies(trail):
    assert audit.verify(trail) is None
    call_command("verify_audit")


def test_events_cannot_be_changed_or_removed(trail):
    event = AuditEvent.objects.first()
    for attempt in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(text="x"),
    ):
        with pytest.raises(TypeError):
            attempt()


TAMPERING = [
    "UPDATE operations_auditevent SET actor_name = 'Mallory' WHERE sequence = 3",
    "DELETE FROM operations_auditevent WHERE sequence = 3",
    "DELETE FROM operations_auditevent WHERE sequence = 5",
    "UPDATE operations_auditevent SET sequence = sequence + 100 WHERE sequence = 2",
]


@pytest.mark.parametrize("tampering", TAMPERING)
def test_tampering_shows(trail, tampering):
    """Also when somebody with rights on the database has taken its guard away."""
    unguard = "DROP TRIGGER audit_only_grows"
    if connection.vendor == "postgresql":
        unguard += " ON operations_auditevent"
    with connection.cursor() as cursor:
        cursor.execute(unguard)
        cursor.execute(tampering)
    assert audit.verify(trail) is not None
    with pytest.raises(CommandError):
        call_command("verify_audit")


def test_the_database_itself_refuses_to_change_an_event(trail):
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match="only grows"),
        transaction.atomic(),
    ):
        cursor.execute(TAMPERING[0])


def test_companies_have_chains_of_their_own(trail, bluebonnet, charlie):
    audit.record("site:renamed", company=bluebonnet, actor=charlie)
    assert AuditHead.objects.get(chain=bluebonnet.pk).sequence == 1
    assert AuditHead.objects.get(chain=trail).sequence == 5


def test_the_name_of_the_actor_outlives_the_account(trail, alice):
    alice.delete()
    assert AuditEvent.objects.last().actor_name == "Alice Ferrer"
    assert audit.verify(trail) is None
