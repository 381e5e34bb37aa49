"""Three plain kinds of change, declared as an app would, over the real client and the sandbox."""

from typing import Any

import pytest
from django.utils import timezone

from enphase import Client
from portal.operations import runner
from portal.operations.models import LookUp, Operation
from portal.operations.queue import queue_write
from portal.operations.registry import Finding, Progress, write

ADDRESS = {
    "street1": "12 Ridge Road",
    "city": "Austin",
    "state": "TX",
    "country": "US",
    "postal_code": "73301",
}


@write("sample.create", endpoint="create_activation", creates=True, cost_cents=200)
def sample_create(client: Client, *, system: dict[str, Any]) -> Any:
    return client.activations.create_activation(system)


@sample_create.verify
def find_by_reference(client: Client, payload: dict[str, Any]) -> list[Finding]:
    reference = payload["system"]["reference"]
    page = client.activations.list_activations(reference=reference, limit=10)
    if any((row.reference or "").casefold() != reference.casefold() for row in page.systems):
        return [Finding("reference", LookUp.Finding.INCONCLUSIVE, rows=len(page.systems))]
    if not page.systems:
        return [Finding("reference", LookUp.Finding.ABSENT)]
    found = LookUp.Finding.MATCH if len(page.systems) == 1 else LookUp.Finding.DUPLICATE
    return [Finding("reference", found, rows=len(page.systems), reply=page.systems[0])]


@sample_create.apply
def keep_id(operation: Operation, reply: Any) -> None:
    operation.result = {"system_id": reply.system_id}


@write("sample.rename", endpoint="update_activation", repeatable=True, done_message="Renamed.")
def sample_rename(client: Client, *, system_id: int, name: str) -> Any:
    return client.activations.update_activation(
        system_id, {"system_name": name, "address": ADDRESS}
    )


@sample_rename.verify
def read_name(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = client.activations.get_activation(payload["system_id"])
    same = now.system_name == payload["name"]
    return [
        Finding("get", LookUp.Finding.MATCH if same else LookUp.Finding.ABSENT, rows=1, reply=now)
    ]


@write("sample.mode", endpoint="set_production_mode", repeatable=True)
def sample_mode(client: Client, *, system_id: int, mode: str) -> str:
    return client.activations.set_production_mode(system_id, mode)


@sample_mode.confirm
def ask_mode(client: Client, payload: dict[str, Any]) -> Progress:
    now = client.activations.get_production_mode(payload["system_id"])
    wanted = now.total_micros if payload["mode"] == "on" else 0
    return Progress(
        finished=now.mode == payload["mode"] and now.energy_producing_micros == wanted,
        message=f"{now.energy_producing_micros} of {now.total_micros} producing",
        done=now.energy_producing_micros,
        total=now.total_micros,
        unit="producing",
    )


@pytest.fixture
def create(alice: Any, halcyon: Any) -> Any:
    """Queue one create with its own reference, and give the operation."""

    def queue(reference: str = "HAL001ABCDEFS", **fields: Any) -> Operation:
        system = {"system_name": "Ridge house", "reference": reference, "address": ADDRESS}
        fields = {
            "key": f"create:{reference}",
            "company": halcyon,
            "actor": alice,
            "title": "Create Ridge house",
            **fields,
        }
        return queue_write(sample_create, payload={"system": system}, **fields)

    return queue


@pytest.fixture
def rename(alice: Any, halcyon: Any) -> Any:
    def queue(name: str = "New name", system_id: int = 701, **fields: Any) -> Operation:
        return queue_write(
            sample_rename,
            key=f"rename:{system_id}",
            payload={"system_id": system_id, "name": name},
            company=halcyon,
            actor=alice,
            title="Rename",
            **fields,
        )

    return queue


def step(operation: Operation) -> Operation:
    """Make the operation due now, let the worker take it one step, and read the row again."""
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    return Operation.objects.get(pk=operation.pk)
