"""The worker is killed at every point a create passes, and $2.00 are spent exactly once."""

import time
from collections.abc import Callable

import pytest

from activations import writes
from portal.operations import services
from portal.operations.crash import POINTS
from portal.operations.models import Operation, State
from portal.operations.queue import queue_write

pytestmark = pytest.mark.broker

SETTLED = (State.DONE, State.NEEDS_REVIEW, State.REJECTED, State.FAILED)


def queue_create(company, actor, number: int = 0) -> Operation:
    """One create as the wizard queues it, without the wizard."""
    reference = f"CRASH{number:04}ABCDEFS"
    system = {
        "system_name": f"Ridge house {number}",
        "reference": reference,
        "operational": False,
        "allow_public_access": False,
        "address": {
            "street1": f"{number + 1} Ridge Road",
            "city": "Reno",
            "state": "NV",
            "country": "US",
            "postal_code": "89501",
        },
    }
    return queue_write(
        writes.create_activation,
        key=f"create:{reference}",
        payload={"company": company.pk, "system": system},
        company=company,
        actor=actor,
        title=f"Create Ridge house {number}",
    )


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again, for at most so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.2)
    return true()


def state_of(operation: Operation) -> str:
    return Operation.objects.values_list("state", flat=True).get(pk=operation.pk)


@pytest.mark.parametrize("machine", ["filesystem"], indirect=True)
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_worker_costs_one_create(point, machine, halcyon, alice, dana, world):
    machine.environment["OPERATIONS_TIME_SCALE"] = "0.002"
    doomed = machine.start_worker("--pool", "solo", beat=False, CRASHPOINT=point)
    operation = queue_create(halcyon, alice)
    assert wait_until(lambda: not doomed.is_running, 30), f"the worker survived {point}"

    machine.start_worker()
    assert wait_until(lambda: state_of(operation) in SETTLED, 90), state_of(operation)
    if state_of(operation) == State.NEEDS_REVIEW:
        # Never sent, and nobody can prove it but a person.
        assert point == "intent"
        assert world.creates == 0
        services.send_again(operation, reason="not in Enlighten", actor=dana)
        assert wait_until(lambda: state_of(operation) == State.DONE, 30)

    assert state_of(operation) == State.DONE
    assert world.creates == 1
    assert len(world.writes("create_activation")) == 1


def test_an_emptied_broker_loses_nothing(machine, halcyon, alice, world):
    operations = [queue_create(halcyon, alice, number) for number in range(50)]
    machine.empty_broker()
    machine.start_worker()
    done = Operation.objects.filter(pk__in=[operation.pk for operation in operations])
    assert wait_until(lambda: done.filter(state=State.DONE).count() == 50, 120)
    assert world.creates == 50
