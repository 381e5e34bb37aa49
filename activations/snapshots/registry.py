"""What can be read of a site, each declared beside its call, in the `reads.py` of its part.

@snapshot("tariff", title="Tariff", operation="get_tariff", parse=SystemTariff.from_api,
          page="tariffs:tariff", writes=("tariff.update",))
def tariff(client, activation, key):
    return client.tariffs.get_tariff(activation.system_id)

@tariff.facts          # what people set, in words: a change of these makes a new version
@tariff.restore        # how to queue the inverse write
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from enphase import Client

Payload = dict[str, Any]
Reader = Callable[[Client, Any, str], Any]
Parser = Callable[[Payload], Any]
Facts = Callable[[Any], dict[str, str]]
Restorer = Callable[..., Any]


class Absent(Exception):
    """Enphase has no such thing for this site, which is an answer: the sentence says why.

    Raised by a reader instead of letting a 404 or 422 through that means "this site has none".
    """


@dataclass
class Kind:
    """One thing that Enphase tells of a site."""

    name: str
    title: str
    operation: str
    read: Reader
    parse: Parser
    hits: int | Callable[[Payload], int]
    max_age: timedelta
    page: str
    writes: tuple[str, ...]
    to_facts: Facts | None = None
    restorer: Restorer | None = None
    restore_page: Callable[[Any, Any], str] | None = None
    taker: Callable[[Any, Any], None] | None = None
    alarm: Callable[[dict[str, str], dict[str, str]], bool] | None = None

    def cost(self, payload: Payload) -> int:
        """What a reading costs, as far as the last copy tells."""
        return self.hits(payload) if callable(self.hits) else self.hits

    def facts(self, tell: Facts) -> Facts:
        """Declare what of it people set: label -> value in words, in the order to be shown.

        Given the parsed record. Only a change of these makes a new version, and one that no
        operation of ours explains is drift. Kinds without facts keep the newest copy only.
        """
        self.to_facts = tell
        return tell

    def facts_of(self, record: Any, absent: str = "") -> dict[str, str]:
        """The facts of one copy, always in today's words; empty for kinds without any."""
        if self.to_facts is None:
            return {}
        if record is None:
            return {self.title: absent} if absent else {}
        return self.to_facts(record)

    def restore(self, queue: Restorer) -> Restorer:
        """Declare how an earlier version is written back, for kinds that Enphase lets us PUT.

        Called as `queue(activation, record, actor=, token=, reason=)` with the parsed earlier
        record (and `key=` for kinds that have keys). Returns the Operation; raises Refused with
        a sentence when it cannot be written back.
        """
        self.restorer = queue
        return queue

    def restored_at(self, address: Callable[[Any, Any], str]) -> Callable[[Any, Any], str]:
        """Declare the page that asks before an earlier version is written back, instead of ours.

        For writes with questions of their own. Called as `address(activation, record)`.
        """
        self.restore_page = address
        return address

    def alarming(self, tell: Callable[[dict[str, str], dict[str, str]], bool]) -> Any:
        """Declare which changes from outside are drift, for what also changes by itself.

        Called as `tell(facts before, facts after)`. The others are versions all the same. Without
        it every change from outside is drift.
        """
        self.alarm = tell
        return tell

    def changed(self, take: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """Declare what else of ours follows from a first or changed copy.

        Called as `take(activation, record)` in the transaction that keeps it; None for no record.
        """
        self.taker = take
        return take


KINDS: dict[str, Kind] = {}


def snapshot(
    name: str,
    *,
    title: str,
    operation: str,
    parse: Parser,
    hits: int | Callable[[Payload], int] = 1,
    max_age: timedelta = timedelta(hours=6),
    page: str = "",
    writes: tuple[str, ...] = (),
) -> Callable[[Reader], Kind]:
    """Declare something to be read around its call.

    `read(client, activation, key)` returns a record of the client (its `raw` is kept) or a plain
    dict that JSON can hold; `parse` makes a record of what was kept. It may raise `Absent`, or
    Refused with a sentence when the answer is no answer.
    `operation` is the operationId of the contract, `hits` what one reading costs (given the last
    copy's payload where that depends on the site), `max_age` when a page asks for a newer copy by
    itself, `page` the address (name) where people see it, `writes` the kinds of operations that
    change it: those explain a change.
    """

    def declare(read: Reader) -> Kind:
        if name in KINDS:
            raise ValueError(f"{name} is declared twice")
        KINDS[name] = Kind(
            name=name,
            title=title,
            operation=operation,
            read=read,
            parse=parse,
            hits=hits,
            max_age=max_age,
            page=page,
            writes=writes,
        )
        return KINDS[name]

    return declare
