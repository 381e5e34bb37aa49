"""What is missing on a site before its next stage, as far as our copy can tell.

Each task says in one line what is true now. Where our copy holds no answer the task says so
instead of guessing. No queries: a site, its record and its operations in, tasks out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from activations import jurisdiction, values
from activations.forms import facts_of
from activations.models import Activation
from enphase.records import Activation as Record
from portal.operations.models import Operation, State

CANNOT_TELL = "Not read from Enphase yet. Refresh the site."
# Operations that need a person before anything goes on.
STUCK = (State.NEEDS_REVIEW, State.CONFLICT, State.REJECTED, State.FAILED, State.PAUSED)


@dataclass
class Task:
    """One row of the list. `state` is one of done, act, todo, waiting, busy, bad, wait.

    `page` is the tab that settles it, `blocks` the stage that cannot be left before.
    """

    key: str
    title: str
    text: str
    state: str
    label: str = ""
    page: str = ""
    blocks: int = 0
    step: str = ""
    url: str | None = None

    @property
    def is_done(self) -> bool:
        return self.state == "done"


@dataclass
class Group:
    key: str
    title: str
    tasks: list[Task] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(task.is_done for task in self.tasks)

    @property
    def total(self) -> int:
        return len(self.tasks)


@dataclass
class Checklist:
    """All tasks of a site, and what follows from them."""

    stage: int
    groups: list[Group]

    @property
    def tasks(self) -> list[Task]:
        return [task for group in self.groups for task in group.tasks]

    @property
    def finished(self) -> int:
        return sum(task.is_done for task in self.tasks)

    @property
    def total(self) -> int:
        return len(self.tasks)

    @property
    def blockers(self) -> list[Task]:
        """What keeps the site in its stage and can be worked on."""
        return [
            task
            for task in self.tasks
            if task.blocks == self.stage and task.state in ("bad", "todo", "act")
        ]

    @property
    def next_step(self) -> Task | None:
        """The one thing that moves the site on: problems first, then what blocks, then the rest."""
        open_ones = [
            task for task in self.tasks if task.url and task.state in ("bad", "todo", "act")
        ]
        open_ones.sort(key=lambda task: (task.state != "bad", task.blocks != self.stage))
        return open_ones[0] if open_ones else None

    @property
    def checks(self) -> str:
        """For the stage the site is in: "2 of 4 checks pass"."""
        now = [task for task in self.tasks if task.blocks == self.stage]
        done = sum(task.is_done for task in now)
        verb = "passes" if len(now) == 1 else "pass"
        return f"{done} of {len(now)} check{'' if len(now) == 1 else 's'} {verb}" if now else ""


def checklist(
    activation: Activation,
    record: Record,
    operations: Iterable[Operation] = (),
    profile: str = "",
) -> Checklist:
    """The tasks of a site.

    `operations` are its recent ones, the newest first; `profile` its grid profile's name.
    """
    known = values.values_of(record)
    read = activation.detail_at is not None
    running = list(operations)
    company = activation.company
    groups = [
        Group("site", "Site", _site(activation, known, company)),
        Group("people", "People", _people(record, known)),
        Group("equipment", "Equipment", _equipment(activation, known, read)),
        Group("layout", "Layout and production", _layout(activation, known, read, running)),
        Group("grid", "Grid and go-live", _grid(known, read, profile)),
    ]
    stuck = _stuck(running)
    if stuck:
        groups.insert(0, Group("changes", "Changes that need you", stuck))
    return Checklist(activation.stage, [group for group in groups if group.tasks])


def _site(activation: Activation, known: dict[str, Any], company: Any) -> list[Task]:
    facts = facts_of(known, company)
    address = known["address"]
    if address is None:
        where = Task(
            "address",
            "Address",
            "No address yet",
            "todo",
            page="site",
            blocks=1,
            step="Add the address",
        )
    elif jurisdiction.address_problems(address, facts):
        where = Task(
            "address",
            "Address",
            values.one_line(address),
            "bad",
            "Incomplete",
            "site",
            1,
            "Complete the address",
        )
    else:
        where = Task("address", "Address", values.one_line(address), "done", page="site", blocks=1)
    kind = values.show("system_type", known["system_type"])
    internet = values.show("internet_connection", known["internet_connection"])
    text = f"{kind}, internet: {internet.lower()}"
    tasks = [where, Task("type", "System type and internet", text, "done", page="site")]
    if facts.in_california:
        tasks.append(_california(known, facts))
    return tasks


def _california(known: dict[str, Any], facts: jurisdiction.Facts) -> Task:
    asked = jurisdiction.required(facts) - {"interconnection_application_date"}
    missing = [name for name in values.LABELS if name in asked and known.get(name) in (None, "")]
    if missing:
        words = ", ".join(values.LABELS[name].lower() for name in missing)
        return Task(
            "connection",
            "Grid connection",
            f"California needs: {words}",
            "bad",
            f"{len(missing)} missing",
            "grid",
            1,
            "Answer the questions of California",
        )
    said = [values.show("grid_connection_type", known["grid_connection_type"])]
    if known.get("battery_grid_mode"):
        said.append(f"battery {values.show('battery_grid_mode', known['battery_grid_mode'])}")
    return Task("connection", "Grid connection", ", ".join(said), "done", page="grid", blocks=1)


def _people(record: Record, known: dict[str, Any]) -> list[Task]:
    name = record.owner_name or ""
    if known["owner_id"] or name:
        email = getattr(record.owner, "email", None)
        text = ", ".join(part for part in (name, email) if part) or f"User {known['owner_id']}"
        tasks = [Task("owner", "Owner", text, "done", page="people", blocks=1)]
    else:
        tasks = [
            Task(
                "owner",
                "Owner",
                "Nobody yet; stage 1 ends with an owner",
                "todo",
                page="people",
                blocks=1,
                step="Add the owner",
            )
        ]
    for other in record.authorized_subcontractors:
        name = other.authorized_subcontractor_name or "Subcontractor"
        if other.is_approved:
            tasks.append(
                Task(
                    f"sub-{other.authorized_subcontractor_id}",
                    "Subcontractor",
                    f"{name} may work on this site",
                    "done",
                    page="people",
                )
            )
        else:
            tasks.append(
                Task(
                    f"sub-{other.authorized_subcontractor_id}",
                    "Subcontractor",
                    f"{name}: {other.status}",
                    "waiting",
                    "Waiting for owner",
                    "people",
                )
            )
    return tasks


def _equipment(activation: Activation, known: dict[str, Any], read: bool) -> list[Task]:
    if not read:
        return [
            Task("gateway", "Gateway", CANNOT_TELL, "waiting", "Cannot tell", blocks=1),
            Task("micros", "Microinverters", CANNOT_TELL, "waiting", "Cannot tell", blocks=3),
        ]
    return [_gateway(activation, known), _micros(activation, known), *_batteries(known)]


def _gateway(activation: Activation, known: dict[str, Any]) -> Task:
    serials = known["envoy_serial_numbers"]
    shown = ", ".join(grouped(serial) for serial in serials[:3])
    if not serials:
        return Task(
            "gateway",
            "Gateway",
            "No serial entered; stage 1 ends with one",
            "todo",
            page="equipment",
            blocks=1,
            step="Enter the gateway serial",
        )
    if activation.stage == 2:
        return Task(
            "gateway",
            "Gateway",
            f"{shown} has not reported yet",
            "waiting",
            "Waiting for gateway",
            "equipment",
            2,
        )
    if activation.status_key == "comm" and activation.stage > 2:
        return Task(
            "gateway",
            "Gateway",
            f"{shown} does not report. Check its internet connection.",
            "bad",
            "Not reporting",
            "equipment",
            3,
            "Check the gateway",
        )
    return Task("gateway", "Gateway", shown, "done", page="equipment", blocks=1)


def grouped(serial: str) -> str:
    """In groups of four: 2023 1407 1152."""
    return " ".join(serial[start : start + 4] for start in range(0, len(serial), 4))


def _micros(activation: Activation, known: dict[str, Any]) -> Task:
    expected = known["expected_pcu_count"] or 0
    detected = activation.production.get("total_micros")
    if not expected:
        return Task(
            "micros",
            "Microinverters",
            "Say how many there are to be",
            "todo",
            page="equipment",
            blocks=3,
            step="Enter the number of microinverters",
        )
    if detected is None:
        state = "waiting" if activation.stage < 3 else "act"
        text = f"{expected} expected. The gateway has not been asked yet."
        return Task("micros", "Microinverters", text, state, "Cannot tell", blocks=3)
    if detected != expected:
        apart = abs(expected - detected)
        label = f"{apart} missing" if detected < expected else f"{apart} too many"
        return Task(
            "micros",
            "Microinverters",
            f"Gateway detects {detected} of the {expected} you expect",
            "bad",
            label,
            "equipment",
            3,
            f"Find {apart} missing microinverter{'s' if apart > 1 else ''}"
            if detected < expected
            else "Correct the number of microinverters",
        )
    text = f"Gateway detects all {expected}"
    return Task("micros", "Microinverters", text, "done", page="equipment", blocks=3)


def _batteries(known: dict[str, Any]) -> list[Task]:
    parts = [
        f"{known[name]} {label}"
        for name, label in values.COUNTS.items()
        if name in ("expected_encharge_count", "expected_enpower_count", "expected_acb_count")
        and known[name]
    ]
    if not parts:
        return []
    return [
        Task(
            "battery",
            "Battery and controller",
            f"{', '.join(parts)} expected",
            "done",
            page="equipment",
        )
    ]


def _layout(
    activation: Activation, known: dict[str, Any], read: bool, running: list[Operation]
) -> list[Task]:
    tasks = []
    if read:
        module = " ".join(
            str(part) for part in (known["pv_manufacturer_name"], known["pv_model_name"]) if part
        )
        power = known["pv_module_power_rating"]
        text = ", ".join(
            part for part in (module, values.show("pv_module_power_rating", power)) if part
        )
        if known["pv_model"] or known["pv_model_name"]:
            tasks.append(
                Task("module", "PV module", text if power else module, "done", page="equipment")
            )
        else:
            tasks.append(
                Task(
                    "module",
                    "PV module",
                    "Not chosen yet",
                    "todo",
                    page="equipment",
                    step="Choose the PV module",
                )
            )
    tasks.append(_production(activation, running))
    return tasks


def _production(activation: Activation, running: list[Operation]) -> Task:
    title = "Production"
    if activation.stage < 3:
        return Task("production", title, "Opens when the gateway has reported", "wait")
    switch = next(
        (one for one in running if one.kind == "activation.set_production_mode" and one.is_open),
        None,
    )
    if switch is not None and switch.is_busy:
        done = switch.progress
        text = switch.title
        if done.get("total"):
            text = f"{switch.title}: {done['done']} of {done['total']} {done['unit']}"
        return Task("production", title, text, "busy", page="production", blocks=4)
    mode, counts = activation.production_mode, activation.production
    total, producing = counts.get("total_micros"), counts.get("energy_producing_micros")
    if mode == "on":
        text = "On" if total is None else f"On, {producing} of {total} microinverters produce"
        return Task("production", title, text, "done", page="production", blocks=4)
    if mode == "off":
        return Task(
            "production",
            title,
            "Off",
            "todo",
            page="production",
            blocks=4,
            step="Turn production on",
        )
    return Task("production", title, CANNOT_TELL, "waiting", "Cannot tell", "production", 4)


def _grid(known: dict[str, Any], read: bool, profile: str) -> list[Task]:
    tasks = []
    if read:
        if known["grid_profile"]:
            tasks.append(Task("profile", "Grid profile", profile or "Chosen", "done", page="grid"))
        else:
            tasks.append(
                Task(
                    "profile",
                    "Grid profile",
                    "Not chosen yet",
                    "todo",
                    page="grid",
                    step="Choose the grid profile",
                )
            )
    if known["permission_to_operate"]:
        day = known["interconnection_application_date"]
        text = f"Given; interconnection applied for on {day}" if day else "Given"
        tasks.append(Task("pto", "Permission to operate", text, "done", page="grid", blocks=4))
    else:
        tasks.append(
            Task(
                "pto",
                "Permission to operate",
                "Not on record yet",
                "waiting",
                "Waiting for utility",
                "grid",
                4,
            )
        )
    return tasks


def _stuck(running: list[Operation]) -> list[Task]:
    """The newest operation of each kind, when it needs a person."""
    newest: dict[str, Operation] = {}
    for operation in running:
        newest.setdefault(operation.key, operation)
    return [
        Task(
            f"op-{operation.pk}",
            operation.title,
            operation.message,
            "bad",
            operation.get_state_display(),
            step=f"Look at “{operation.title}”",
            url=reverse("operations:detail", args=[operation.pk]),
        )
        for operation in newest.values()
        if operation.state in STUCK
    ]
