"""The client: one attribute a group of endpoints."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from enphase.application import Application
from enphase.endpoints import BodyStyle, Timeouts
from enphase.exchange import Trace
from enphase.resources.activations import Activations
from enphase.resources.arrays import Arrays
from enphase.resources.catalog import Catalog
from enphase.resources.companies import Companies
from enphase.resources.config import Config
from enphase.resources.consumption import Consumption
from enphase.resources.devices import Devices
from enphase.resources.estimates import Estimates
from enphase.resources.ev_chargers import Charging
from enphase.resources.live import Live
from enphase.resources.meters import Meters
from enphase.resources.production import Production
from enphase.resources.systems import Systems
from enphase.resources.tariffs import Tariffs
from enphase.resources.users import Users
from enphase.transport import Allowance, Hit, Tokens, Transport


class Client:
    """The Enphase API as one company's account, for one thread at a time. A context manager.

    Reads (and the POST that only searches) are repeated a few times with growing, random pauses
    when the network or Enphase stumbles, and once with a renewed token after a 401. Writes are
    sent exactly once, over a connection of their own, and follow no redirect. So is live data,
    each try of which is paid for.

    `tokens` gives the access token; `allowance` is asked before each exchange; `on_hit` is called
    once for each exchange that reached Enphase or may have. `lane` is what the allowance is told.
    `trace` is called with "sent" directly after the request was written to the socket, and with
    "replied" directly after the whole answer was read, before it is looked at.
    `body_styles` says how a write's body travels where the table's word is not right, for example
    `{"create_activation": "json_wrapped"}`. `timeouts` likewise by operation, "*" for all others.
    `ca_bundle` is a file of certificates to trust instead of the usual ones; TLS is always checked.
    """

    def __init__(
        self,
        base_url: str,
        application: Application,
        tokens: Tokens,
        allowance: Allowance | None = None,
        on_hit: Callable[[Hit], None] | None = None,
        lane: str = "interactive",
        *,
        trace: Trace | None = None,
        body_styles: Mapping[str, BodyStyle] | None = None,
        timeouts: Mapping[str, Timeouts] | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self._transport = Transport(
            base_url,
            application,
            tokens,
            allowance,
            on_hit,
            lane,
            trace=trace,
            body_styles=body_styles,
            timeouts=timeouts,
            ca_bundle=ca_bundle,
        )
        self.activations = Activations(self._transport)
        self.arrays = Arrays(self._transport)
        self.catalog = Catalog(self._transport)
        self.companies = Companies(self._transport)
        self.config = Config(self._transport)
        self.consumption = Consumption(self._transport)
        self.devices = Devices(self._transport)
        self.estimates = Estimates(self._transport)
        self.ev_chargers = Charging(self._transport)
        self.live = Live(self._transport)
        self.meters = Meters(self._transport)
        self.production = Production(self._transport)
        self.systems = Systems(self._transport)
        self.tariffs = Tariffs(self._transport)
        self.users = Users(self._transport)

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
