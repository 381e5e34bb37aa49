"""Activations: list, create, change, delete, access, production and battery mode."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from enphase.errors import OutcomeUnknown
from enphase.records import Activation, ActivationPage, BatteryMode, ProductionMode
from enphase.records.base import message_of
from enphase.resources.base import Resource, filters, on_the_wire

MAX_LIMIT = 1000

Stage = int | str | Iterable[int] | None


class Activations(Resource):
    """`client.activations`. An activation's id is its system's id."""

    def list_activations(
        self,
        limit: int = MAX_LIMIT,
        next: str | None = None,  # noqa: A002 (the name on the wire)
        stage: Stage = None,
        reference: str | None = None,
        installer_id: int | None = None,
        system_name: str | None = None,
        street1: str | None = None,
        street2: str | None = None,
        city: str | None = None,
        state: str | None = None,
        country: str | None = None,
        postal_code: str | None = None,
        owner_id: int | Literal["null"] | None = None,
        host_id: int | Literal["null"] | None = None,
    ) -> ActivationPage:
        """Return one page of the activations we may manage; `next` is the previous page's cursor.

        Filters match exactly, texts upper and lower case alike; `stage` is 1–5, several of them,
        or "in_progress" (1–4, alone). Enphase ignores filters it does not like, so compare every
        row yourself (`Activation.has_reference`). Send the same filters with every `next`.
        `Rejected` 422 for a stage that does not exist. Operation list_activations.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError("A page holds 1 to 1,000 activations.")
        query = filters(
            {
                "limit": limit,
                "next": next,
                "stage": stage,
                "reference": reference,
                "installer_id": installer_id,
                "system_name": system_name,
                "street1": street1,
                "street2": street2,
                "city": city,
                "state": state,
                "country": country,
                "postal_code": postal_code,
                "owner_id": owner_id,
                "host_id": host_id,
            }
        )
        return self._transport.call("list_activations", ActivationPage.from_api, query=query)

    def each(self, limit: int = MAX_LIMIT, **given: Any) -> Iterator[Activation]:
        """Yield every activation we may see, once, fetching pages as they are needed.

        Filters as in `list_activations`. The list has no order that is promised and may change
        between pages. `OutcomeUnknown` when a cursor comes back a second time: the list is not
        complete then, and must not be taken for it.
        """
        cursor: str | None = None
        cursors: set[str] = set()
        seen: set[int] = set()
        while True:
            page = self.list_activations(limit=limit, next=cursor, **given)
            for activation in page.systems:
                if activation.system_id not in seen:
                    seen.add(activation.system_id)
                    yield activation
            if page.next is None:
                return
            if page.next in cursors:
                raise OutcomeUnknown("The list of activations goes round in circles.", 200)
            cursors.add(page.next)
            cursor = page.next

    def create_activation(self, system: Mapping[str, Any]) -> Activation:
        """Create an activation: $2.00, never repeated, no way to ask for it idempotently.

        `system` holds the fields of a request (see `Activation` for how they differ from answers);
        dates may be `date` or `datetime`. Put in a `reference` of your own: after
        `OutcomeUnknown` it is the only way to find out. `Rejected` 422 says what is wrong.
        Compare the answer's `reference` with yours. Operation create_activation.
        """
        return self._transport.call(
            "create_activation", Activation.from_api, body=on_the_wire(system)
        )

    def get_activation(
        self, activation_id: int, expand: Iterable[str] = ("owner", "host")
    ) -> Activation:
        """Return one activation; `expand` of owner, owner.company, host, host.company.

        `Rejected` 404 when it does not exist, 401 when it is not ours. Operation get_activation.
        """
        wanted = tuple(expand)
        return self._transport.call(
            "get_activation",
            Activation.from_api,
            path={"activation_id": activation_id},
            query={"expand": ",".join(wanted)} if wanted else {},
        )

    def update_activation(self, activation_id: int, system: Mapping[str, Any]) -> Activation:
        """Change the fields given. A US company must send the whole `address` every time.

        `authorized_subcontractor_id` adds one; none can be taken away. There is no version to
        check: read, compare, write, read back. `Rejected` 422 says what is wrong. Sent once.
        Operation update_activation.
        """
        return self._transport.call(
            "update_activation",
            Activation.from_api,
            path={"activation_id": activation_id},
            body=on_the_wire(system),
        )

    def delete_activation(self, activation_id: int) -> str:
        """Delete an activation below stage 3 without devices; return Enphase's acknowledgement.

        `Rejected` 422 (code 5 with devices) otherwise, 404 when it is gone already. Nothing says
        that the $2.00 come back. Operation delete_activation.
        """
        return self._transport.call(
            "delete_activation", message_of, path={"activation_id": activation_id}
        )

    def grant_activation_access(self, activation_id: int, user_id: int) -> str:
        """Let a user view the site; return Enphase's acknowledgement.

        `Rejected` 401 unless the user is the site's owner or host, one we created, or staff.
        Operation grant_activation_access.
        """
        return self._transport.call(
            "grant_activation_access",
            message_of,
            path={"activation_id": activation_id, "user_id": user_id},
        )

    def revoke_activation_access(self, activation_id: int, user_id: int) -> str:
        """Take a user's view of the site away; return Enphase's acknowledgement.

        Operation revoke_activation_access.
        """
        return self._transport.call(
            "revoke_activation_access",
            message_of,
            path={"activation_id": activation_id, "user_id": user_id},
        )

    def set_production_mode(self, activation_id: int, mode: Literal["on", "off"]) -> str:
        """Ask the gateway to switch, and return Enphase's acknowledgement.

        An acknowledgement only means that the request was passed on. Read `get_production_mode`
        later to learn whether the gateway obeyed. `Rejected` 422 below stage 3 or without an
        active gateway. Operation set_production_mode.
        """
        if mode not in ("on", "off"):
            raise ValueError('The production mode is "on" or "off".')
        return self._transport.call(
            "set_production_mode",
            message_of,
            path={"activation_id": activation_id},
            body={"mode": mode},
        )

    def get_production_mode(self, activation_id: int) -> ProductionMode:
        """Return the mode and how many of the microinverters produce.

        `Rejected` 422 "System not yet communicated" below stage 3. Operation get_production_mode.
        """
        return self._transport.call(
            "get_production_mode",
            ProductionMode.from_api,
            path={"activation_id": activation_id},
        )

    def get_battery_mode(self, activation_id: int) -> BatteryMode:
        """Return whether the battery may charge from and discharge to the grid.

        `Rejected` 422 for a site without an Enphase battery. Operation get_battery_mode.
        """
        return self._transport.call(
            "get_battery_mode", BatteryMode.from_api, path={"activation_id": activation_id}
        )

    def update_battery_mode(self, activation_id: int, cfg_allowed: bool, dtg_allowed: bool) -> str:
        """Allow or forbid to charge from and to discharge to the grid; return the acknowledgement.

        Both are set each time: read first. What is allowed may be a matter of law (NEM 3.0).
        `Rejected` 422 for a site without an Enphase battery. Operation update_battery_mode.
        """
        if not (isinstance(cfg_allowed, bool) and isinstance(dtg_allowed, bool)):
            raise ValueError("Both must be said, as true or false.")
        return self._transport.call(
            "update_battery_mode",
            message_of,
            path={"activation_id": activation_id},
            body={"CFG_allowed": cfg_allowed, "DTG_allowed": dtg_allowed},
        )
