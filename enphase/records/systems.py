"""Systems as the Monitoring API lists them. A system's id is its activation's id."""

from typing import Annotated, Any

from enphase import statuses
from enphase.records.activations import Address
from enphase.records.base import (
    AsObject,
    Day,
    Id,
    Moment,
    Record,
    Text,
    Texts,
    Whole,
    rows_of,
)


class System(Record):
    """A system of the Monitoring API. `status` is a key such as micro, `status_text` the words.

    energy_lifetime, energy_today and system_size are always -1 here since 2023 and stay in `raw`.
    `reference` and `other_references` are left out, not null, when there is none.
    """

    system_id: Id
    name: Text = None
    public_name: Text = None
    timezone: Text = None
    address: Annotated[Address | None, AsObject] = None
    connection_type: Text = None
    status: Text = None
    last_report_at: Moment = None
    last_energy_at: Moment = None
    operational_at: Moment = None
    attachment_type: Text = None
    interconnect_date: Day = None
    reference: Text = None
    other_references: Texts = []
    live_stream: Text = None

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None

    def has_reference(self, reference: str) -> bool:
        """Whether our reference is exactly this one, upper and lower case alike."""
        return (self.reference or "").casefold() == reference.casefold() != ""


class SystemPage(Record):
    """One page of systems: `total` of all pages, `current_page` from 1, `count` on this one.

    Rows without a readable id stand in `unreadable` as received.
    """

    total: Whole = None
    current_page: Whole = None
    size: Whole = None
    count: Whole = None
    systems: list[System] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        readable, unreadable = rows_of(data, "systems", System)
        return {**data, "systems": readable, "unreadable": unreadable}
