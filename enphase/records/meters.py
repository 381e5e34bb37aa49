"""Meters of production and consumption."""

from enphase import statuses
from enphase.records.base import Moment, Record, SiteDay, Word


class Meter(Record):
    """A meter. Its serial is text (`901553005272EIM1`); `phase` reads like L1(A).

    `state` is enabled or disabled; `status` is a Monitoring key such as normal. Reports are aware
    UTC, `operational_date` is a day of the site. An update answers five of the fields only.
    """

    serial_number: Word = None
    manufacturer: Word = None
    model: Word = None
    type: Word = None
    operational_date: SiteDay = None
    first_report_date: Moment = None
    last_report_date: Moment = None
    phase: Word = None
    envoy_serial_number: Word = None
    status: Word = None
    state: Word = None

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None

    @property
    def is_enabled(self) -> bool | None:
        """Whether the meter measures; None if the answer does not say."""
        return None if self.state is None else self.state.strip().casefold() == "enabled"
