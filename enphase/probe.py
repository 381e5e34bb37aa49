"""Which of the 79 operations do these credentials work for? Reads only, and only those that cost
nothing beyond a hit: no write is sent, and no live data, which would cost $0.10.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar

from enphase.client import Client
from enphase.endpoints import ENDPOINTS, Endpoint
from enphase.errors import EnphaseError, NotSent, OutcomeUnknown, RateLimited, Rejected
from enphase.records import Activation, Record, SystemDevices, User
from enphase.transport import Hit

# works: answered as documented · nothing: allowed, but there is nothing of the kind ·
# refused: not with these credentials or this plan · gone: Enphase does not have it any more ·
# limited: the limit was used up · failed: anything else · skipped: not tried, on purpose
Result = Literal["works", "nothing", "refused", "gone", "limited", "failed", "skipped"]

# A serial number and an id that are nobody's: whether a call is allowed shows all the same.
NO_SERIAL = "000000000000"
NO_ID = 1

UNREACHABLE_AFTER = 2  # calls in a row that nobody took
MAX_PAUSES = 12
LONGEST_PAUSE_SECONDS = 90.0
MAX_NOTE_LENGTH = 90

KINDS = ("micros", "meters", "gateways", "acbs", "encharges", "ev_chargers")

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """What became of one operation. `hits` counts exchanges, repeats included."""

    operation: str
    group: str
    method: str
    path: str
    published: bool
    result: Result
    status: int | None
    hits: int
    note: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Probe:
    """Tries what can be tried, once, and says of all 79 what came of it.

    `make` gets the function to be called with each hit and gives a client. Devices are looked for
    at `system_id`, or at up to `sites` of the systems that are found. `pause` waits out a minute's
    limit; a month's limit ends the waiting.
    """

    def __init__(
        self,
        make: Callable[[Callable[[Hit], None]], Client],
        *,
        system_id: int | None = None,
        sites: int = 10,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = make(self._count)
        self._system_id = system_id
        self._sites = sites
        self._pause = pause
        self._pauses = 0
        self._unreachable = 0
        self._user: User | None = None
        self._hits: Counter[str] = Counter()
        self._found: dict[str, tuple[Result, int | None, str]] = {}

    @property
    def hits(self) -> int:
        return self._hits.total()

    @property
    def _is_nobody_there(self) -> bool:
        return self._unreachable >= UNREACHABLE_AFTER

    def run(self) -> list[Row]:
        """Try everything and return a row of each operation, in the order of the table."""
        with self._client:
            self._people()
            sites = self._list_sites()
            self._catalogues()
            if sites:
                self._site(sites, self._look_for_devices(sites))
        return [self._row(endpoint) for endpoint in ENDPOINTS.values()]

    def _people(self) -> None:
        client = self._client
        user = self._try("get_current_user", client.users.get_current_user)
        # Without the first call probably none of these is allowed: nobody's id shows as much.
        user_id = user.user_id if user else NO_ID
        company_id = user.company.company_id if user and user.company else NO_ID
        email = (user.email if user else None) or "nobody@example.com"
        self._try("get_user", lambda: client.users.get_user(user_id))
        self._try("search_users", lambda: client.users.search_users(email))
        if user is None or user.company:
            self._try("list_company_users", lambda: client.companies.list_company_users(company_id))
            self._try(
                "get_company_user",
                lambda: client.companies.get_company_user(company_id, user_id),
                exists=user is not None,
            )
        self._try("list_company_branches", client.companies.list_company_branches)
        self._try("list_authorized_subcontractors", client.companies.list_authorized_subcontractors)
        self._user = user

    def _list_sites(self) -> list[int]:
        """Return ids of systems, those that are being watched first."""
        client = self._client
        systems = self._try("list_systems", lambda: client.systems.list_systems(size=100))
        page = self._try("list_activations", lambda: client.activations.list_activations(100))
        watched = [system.system_id for system in systems.systems] if systems else []
        others = [activation.system_id for activation in page.systems] if page else []
        ids = list(dict.fromkeys([*watched, *others]))
        if self._system_id is not None:
            ids = [self._system_id]
        wanted = ids[:1] or [NO_ID]  # a search that finds nothing is a search, too
        self._try("search_systems", lambda: client.systems.search_systems(ids=wanted, size=10))
        return ids

    def _catalogues(self) -> None:
        client = self._client
        self._try("list_grid_profiles", client.catalog.list_grid_profiles)
        makers = self._try("list_pv_manufacturers", client.catalog.list_pv_manufacturers)
        maker = makers[0].id if makers else NO_ID
        self._try("list_pv_models", lambda: client.catalog.list_pv_models(maker))

    def _look_for_devices(self, sites: list[int]) -> dict[str, tuple[int, str]]:
        """Return for each kind of device a site that has one, and its serial number."""
        client = self._client
        devices: dict[str, tuple[int, str]] = {}
        for site in sites[: self._sites]:
            found: SystemDevices | None = self._try(
                "list_system_devices", partial(client.systems.list_system_devices, site)
            )
            if found is None and self._found["list_system_devices"][0] != "nothing":
                break
            for kind in KINDS:
                for device in found.of_kind(kind) if found else []:
                    if device.serial_number:
                        devices.setdefault(kind, (site, device.serial_number))
            if set(KINDS) <= set(devices):
                break
        return devices

    def _site(self, sites: list[int], devices: dict[str, tuple[int, str]]) -> None:
        """Ask about sites: the one with the device in question where there is one."""
        client = self._client

        def place(kind: str) -> tuple[int, str]:
            return devices.get(kind, (sites[0], NO_SERIAL))

        site, micro = place("micros")
        metered, meter = place("meters")
        stored, encharge = place("encharges")
        acb_site, acb = place("acbs")
        car_site, charger = place("ev_chargers")
        _, gateway = place("gateways")
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date()

        systems, production, consumption = client.systems, client.production, client.consumption
        self._try("get_system", lambda: systems.get_system(site))
        self._try("get_system_summary", lambda: systems.get_system_summary(site))
        self._try("get_inverters_summary", lambda: systems.get_inverters_summary(site, size=10))
        self._try("retrieve_system_id", lambda: systems.retrieve_system_id(gateway))

        measured: dict[str, Callable[[int], Record]] = {
            "get_production_meter_readings": production.get_production_meter_readings,
            "get_rgm_stats": production.get_rgm_stats,
            "get_production_meter_telemetry": production.get_production_meter_telemetry,
            "get_consumption_meter_telemetry": consumption.get_consumption_meter_telemetry,
            "get_consumption_lifetime": consumption.get_consumption_lifetime,
            "get_energy_import_lifetime": consumption.get_energy_import_lifetime,
            "get_energy_export_lifetime": consumption.get_energy_export_lifetime,
            "get_energy_import_telemetry": consumption.get_energy_import_telemetry,
            "get_energy_export_telemetry": consumption.get_energy_export_telemetry,
        }
        for operation, call in measured.items():
            self._try(operation, partial(call, metered))
        self._try("get_energy_lifetime", lambda: production.get_energy_lifetime(site))
        self._try(
            "get_production_micro_telemetry",
            lambda: production.get_production_micro_telemetry(site),
        )
        self._try("get_latest_telemetry", lambda: consumption.get_latest_telemetry(site))
        self._try("get_micro_telemetry", lambda: client.devices.get_micro_telemetry(site, micro))
        self._try(
            "get_acb_telemetry",
            lambda: client.devices.get_acb_telemetry(acb_site, acb),
            exists="acbs" in devices,
        )

        battery: dict[str, Callable[[int], Record]] = {
            "get_battery_lifetime": consumption.get_battery_lifetime,
            "get_battery_telemetry": consumption.get_battery_telemetry,
            "get_battery_settings": client.config.get_battery_settings,
            "get_storm_guard": client.config.get_storm_guard,
            "get_grid_status": client.config.get_grid_status,
            "get_load_control": client.config.get_load_control,
            "get_battery_mode": client.activations.get_battery_mode,
        }
        for operation, call in battery.items():
            self._try(operation, partial(call, stored))
        self._try(
            "get_encharge_telemetry",
            lambda: client.devices.get_encharge_telemetry(stored, encharge),
        )

        cars = client.ev_chargers
        self._try("list_ev_chargers", lambda: cars.list_ev_chargers(car_site))
        self._try("list_ev_charger_events", lambda: cars.list_ev_charger_events(car_site))
        self._try(
            "list_ev_charger_sessions", lambda: cars.list_ev_charger_sessions(car_site, charger)
        )
        self._try(
            "list_ev_charger_schedules", lambda: cars.list_ev_charger_schedules(car_site, charger)
        )
        self._try(
            "get_ev_charger_lifetime",
            lambda: cars.get_ev_charger_lifetime(car_site, charger, yesterday),
        )
        self._try(
            "get_ev_charger_telemetry", lambda: cars.get_ev_charger_telemetry(car_site, charger)
        )

        activation = self._try("get_activation", lambda: client.activations.get_activation(site))
        person = self._person_of(activation)
        self._try("get_activation_user", lambda: client.users.get_activation_user(site, person))
        self._try("get_production_mode", lambda: client.activations.get_production_mode(site))
        self._try("get_estimate", lambda: client.estimates.get_estimate(site))
        self._try("get_meter", lambda: client.meters.get_meter(metered, meter))
        self._try("get_tariff", lambda: client.tariffs.get_tariff(site))
        self._arrays(dict.fromkeys([site, *sites[: self._sites]]))

    def _arrays(self, sites: Iterable[int]) -> None:
        """Look for a site with an array to ask about."""
        arrays = self._client.arrays
        site = NO_ID
        for site in sites:
            layout = self._try("list_arrays", partial(arrays.list_arrays, site))
            array_id = next((row.id for row in layout.arrays if row.id), None) if layout else None
            if array_id is not None:
                self._try("get_array", partial(arrays.get_array, site, array_id))
                return
            if layout is None:
                break
        self._try("get_array", partial(arrays.get_array, site, NO_ID), exists=False)

    def _person_of(self, activation: Activation | None) -> int:
        owner = activation.owner if activation else None
        if isinstance(owner, User):
            return owner.user_id
        return self._user.user_id if self._user else NO_ID

    def _try(self, operation: str, call: Callable[[], T], *, exists: bool = True) -> T | None:
        """Make one call, note what it proves, and return its answer if there is one.

        Of several tries of one operation the best counts. `exists` is False when it is about
        something that is not there: a 404 proves nothing then.
        """
        answer: T | None = None
        if self._is_nobody_there:
            return None
        try:
            answer = self._patiently(call)
        except EnphaseError as error:
            self._unreachable = self._unreachable + 1 if isinstance(error, NotSent) else 0
            judged = judge(error, ENDPOINTS[operation], exists=exists)
        else:
            self._unreachable = 0
            nothing = answer is None  # a documented 404 of a look-up
            unread = isinstance(answer, Record) and bool(answer.quarantined)
            note = "some fields could not be read" if unread else ""
            judged = ("nothing", 404, "nobody has it") if nothing else ("works", 200, note)
        if self._found.get(operation, ("failed",))[0] != "works":
            self._found[operation] = judged
        return answer

    def _patiently(self, call: Callable[[], T]) -> T:
        """Wait out a minute's limit, a few times in all."""
        while True:
            try:
                return call()
            except RateLimited as error:
                self._pauses += 1
                if error.period == "month" or self._pauses > MAX_PAUSES or not error.retry_at:
                    raise
                left = (error.retry_at - datetime.now(UTC)).total_seconds() + 1
            self._pause(min(max(left, 1.0), LONGEST_PAUSE_SECONDS))

    def _count(self, hit: Hit) -> None:
        self._hits[hit.endpoint] += 1

    def _row(self, endpoint: Endpoint) -> Row:
        unasked: tuple[Result, int | None, str] = ("skipped", None, "it writes")
        if not endpoint.writes:
            unasked = ("skipped", None, "there is nothing of the kind to ask about")
            if self._is_nobody_there:
                unasked = ("failed", None, "not tried: nobody is there")
            if endpoint.cost_cents:
                unasked = ("skipped", None, f"it costs ${endpoint.cost_cents / 100:.2f}")
        result, status, note = self._found.get(endpoint.operation, unasked)
        return Row(
            operation=endpoint.operation,
            group=endpoint.group,
            method=endpoint.method,
            path=endpoint.path,
            published=endpoint.published,
            result=result,
            status=status,
            hits=self._hits[endpoint.operation],
            note=note[:MAX_NOTE_LENGTH],
        )


def judge(
    error: EnphaseError, endpoint: Endpoint, *, exists: bool = True
) -> tuple[Result, int | None, str]:
    """Say what an error proves about an operation: result, status, and why in a few words."""
    if isinstance(error, RateLimited):
        return "limited", 429, error.message
    if isinstance(error, Rejected):
        text = "; ".join(error.texts)
        if error.status in (401, 403):
            return "refused", error.status, text
        missing = error.status == 404 and exists and not endpoint.published
        if error.status in (405, 501) or missing:
            return "gone", error.status, text
        return "nothing", error.status, text
    if isinstance(error, OutcomeUnknown):
        return "failed", error.status, error.message
    kind = "not sent" if isinstance(error, NotSent) else type(error).__name__
    return "failed", None, f"{kind}: {error}"
