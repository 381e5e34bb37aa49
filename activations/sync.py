"""Enphase's answers into our tables: what the list says, what one site says, what is gone.

A sweep walks through list_activations. What it meets again unchanged it does not write; what it
does not meet is only marked gone after two complete sweeps and after Enphase, asked for the id,
says that there is no such site for us. Broken sweeps go on where they stopped and delete nothing.
"""

import hashlib
import json
import logging
import zlib
from array import array
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from activations import owners, tally, values
from activations.models import Activation, Mirror, Sweep, SweepPage
from activations.search import fold
from activations.snapshots import services as snapshots
from companies.models import Company
from enphase import Client, EnphaseError, RateLimited, Rejected, statuses
from enphase.records import Activation as Record
from enphase.records import ProductionMode
from portal.connections.models import Account
from portal.connections.services import NeedsReconnect, client_for, sentence_for
from portal.operations import audit
from portal.operations.models import describe_event
from portal.ui.errors import Refused
from portal.ui.vocabulary import STAGES, STATUS_LOOKS

log = logging.getLogger(__name__)

# Statuses that want a person: everything that is drawn in red or amber.
TROUBLES = frozenset(key for key, (tone, _icon) in STATUS_LOOKS.items() if tone in {"bad", "warn"})

PAGE_SIZE = 1000
MAX_PAGES = 5000
LEASE = timedelta(minutes=3)
# A cursor is not promised to live for ever; an older broken sweep starts over.
RESUME_WITHIN = timedelta(hours=1)
SWEEPS_UNTIL_GONE = 2
# Sites that a list did not show are asked for one by one (1 hit each), so many at a time.
ASK_AT_MOST = 20
ASK_AGAIN_AFTER = timedelta(hours=5)
# The list may lag behind a site that was just read or written.
LIST_LAG = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(minutes=30)

describe_event("activation:stage-changed", "Stage changed", "check", "ok")
describe_event("activation:gone", "No longer at Enphase", "archive", "warn")
describe_event("activation:lost", "No access to it any more", "lock", "warn")
describe_event("activation:back", "At Enphase again", "refresh")
describe_event("activation:exported", "List exported", "download")


# ------------------------------------------------------------------ one site


@transaction.atomic
def adopt(company: Company, record: Record, *, detail: bool) -> Activation:
    """Take one site as Enphase described it: a row of the list, or (`detail`) an answer of get,
    create or update.

    Fields that the answer does not hold, or holds in a form that cannot be read, keep what we
    have. A change of stage is stamped and goes into the trail. A row of the list that is the same
    as last time writes nothing.
    """
    row = _adopt(company, record, detail=detail)
    if detail:
        owners.take_in(company, record)
        snapshots.keep(row, "activation", values.detail_of(row))
    return row


def _adopt(company: Company, record: Record, *, detail: bool) -> Activation:
    rows = Activation.objects.filter(company=company, system_id=record.system_id)
    row = rows.select_for_update().first()
    if row is None:
        try:
            with transaction.atomic():
                row = _new(company, record, _branches(company), detail=detail)
                row.save()
            tally.refresh(company)
            return row
        except IntegrityError:
            # A sweep met it in the same moment.
            row = rows.select_for_update().get()
    if _take(row, record, _branches(company), detail=detail):
        tally.refresh(company)
    return row


def take_in_production(activation: Activation, mode: ProductionMode) -> None:
    """Keep what the gateway said about production, and when."""
    Activation.objects.filter(pk=activation.pk).update(
        production_mode=mode.mode or activation.production_mode,
        production={
            "mode": mode.mode or "",
            "total_micros": mode.total_micros,
            "energy_producing_micros": mode.energy_producing_micros,
        },
        production_at=timezone.now(),
    )
    snapshots.keep(activation, "production", mode)


@transaction.atomic
def forget(activation: Activation, *, lost: bool = False) -> None:
    """Mark a site as gone from Enphase, or (`lost`) as out of the company's sight.

    The row stays as a tombstone, for the trail. What was lost may later turn out to be gone.
    """
    row = Activation.objects.select_for_update().get(pk=activation.pk)
    if row.gone_at is None or (row.lost_at is not None) != lost:
        now = timezone.now()
        row.gone_at = row.gone_at or now
        row.lost_at = now if lost else None
        row.save(update_fields=["gone_at", "lost_at"])
        tally.refresh(row.company)
        tag, text = ("activation:gone", "No longer at Enphase")
        if lost:
            tag, text = ("activation:lost", "Enphase no longer shows it to the company")
        audit.record(tag, company=row.company, activation=row, text=text)
    activation.gone_at, activation.lost_at = row.gone_at, row.lost_at


def _new(company: Company, record: Record, branches: dict[int, int], *, detail: bool) -> Activation:
    now = timezone.now()
    row = Activation(company=company, system_id=record.system_id, name="", updated_at=now)
    _set_columns(row, record, branches, detail=detail)
    row.name = row.name or f"System {record.system_id}"
    # Only of a site that has just been made do we know since when it is in its stage.
    if row.stage == 1 and now - row.updated_at < LIST_LAG:
        row.stage_since = now
    return row


def _take(row: Activation, record: Record, branches: dict[int, int], *, detail: bool) -> bool:
    """Write what differs into a row locked by the caller; True when a counter may have moved."""
    if not detail and row.gone_at is None and digest_of(record) == row.digest:
        return False
    stage, was_gone = row.stage, row.gone_at is not None
    counted = _counted(row)
    if detail or not _is_behind(row, record):
        _set_columns(row, record, branches, detail=detail)
    row.missed_sweeps, row.gone_at, row.lost_at = 0, None, None
    if row.stage != stage:
        row.stage_since = timezone.now()
    row.save()
    if was_gone:
        audit.record(
            "activation:back", company=row.company, activation=row, text="At Enphase again"
        )
    if row.stage != stage:
        audit.record(
            "activation:stage-changed",
            company=row.company,
            activation=row,
            text=f"Stage {stage} {STAGES.get(stage, '')} → {row.stage} {STAGES[row.stage]}",
            data={"before": {"stage": stage}, "after": {"stage": row.stage}},
        )
    return was_gone or counted != _counted(row)


def _counted(row: Activation) -> tuple[Any, ...]:
    """What counters and the choices of filters are made from."""
    return (
        row.branch_id,
        row.stage,
        row.needs_attention,
        row.waits_for_pto,
        row.status_key,
        row.country,
        row.state,
        row.system_type,
    )


def _is_behind(row: Activation, record: Record) -> bool:
    """The list still shows what the site was before we last read or wrote it."""
    return (
        row.detail_at is not None
        and row.detail_at > timezone.now() - LIST_LAG
        and record.updated_at is not None
        and record.updated_at < row.updated_at
    )


def digest_of(record: Record) -> str:
    """A fingerprint of a row of the list as it was received."""
    text = json.dumps(record.raw, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _set_columns(
    row: Activation, record: Record, branches: dict[int, int], *, detail: bool
) -> None:
    """Copy what was sent and could be read into the columns, and derive the others."""
    sent = record.model_fields_set

    def text(column: str, value: str | None) -> None:
        length = getattr(Activation._meta.get_field(column), "max_length", 255)
        setattr(row, column, (value or "").replace("\x00", "").strip()[:length])

    if record.system_name:
        text("name", record.system_name)
    for column in (
        *("reference", "system_type", "status", "installer_name", "maintainer_name"),
        *("timezone", "production_mode"),
    ):
        if column in sent:
            text(column, getattr(record, column))
    if "owner" in sent:
        text("owner_name", record.owner_name)
    if "other_references" in sent:
        row.other_references = record.other_references
    for column in ("operational", "permission_to_operate", "owner_id", "host_id", "installer_id"):
        if column in sent:
            setattr(row, column, getattr(record, column))
    if record.stage is not None and record.stage in STAGES:
        row.stage = record.stage
    if record.updated_at is not None:
        row.updated_at = record.updated_at
    if record.address is not None:
        for column in ("street1", "street2", "city", "state", "postal_code", "country"):
            if column in record.address.model_fields_set:
                text(column, getattr(record.address, column))
    if "envoy_serial_numbers" in sent:
        row.gateway_count = len(record.envoy_serial_numbers)
    if detail:
        row.detail = _merged(row.detail, record.raw)
        row.detail_at = timezone.now()
    else:
        row.raw, row.digest = record.raw, digest_of(record)
    if "installer_id" in sent:
        row.branch_id = branches.get(record.installer_id or 0)
    _derive(row)


def _merged(known: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The newer answer over the older; a person already known in full is kept over the name."""
    merged = {**known, **new}
    for role in ("owner", "host"):
        was, now = known.get(role), new.get(role)
        same = known.get(f"{role}_id") == merged.get(f"{role}_id")
        if isinstance(was, dict) and isinstance(now, str) and same:
            merged[role] = was
    return merged


def _derive(row: Activation) -> None:
    """Columns that follow from others, so that views of the list are an index away."""
    row.status_key = statuses.key_of(row.status)[:40] if row.status else ""
    # A gateway that was never entered cannot report: in stage 1 its silence is no news.
    silent_yet = row.stage == 1 and row.status_key == "comm"
    row.needs_attention = row.status_key in TROUBLES and not silent_yet
    row.waits_for_pto = row.stage in (3, 4) and not row.permission_to_operate
    row.search_text = fold(
        " ".join(
            [
                row.name,
                row.reference,
                *map(str, row.other_references),
                *(row.street1, row.street2, row.city, row.state, row.postal_code),
                row.owner_name,
                str(row.system_id),
                *map(str, _serials(row.detail)),
            ]
        )
    )


def _serials(detail: dict[str, Any]) -> Iterable[Any]:
    serials = detail.get("envoy_serial_numbers")
    return serials if isinstance(serials, list) else []


def _branches(company: Company) -> dict[int, int]:
    """Enphase's id of each branch, and ours."""
    rows = Company.objects.filter(parent=company).values_list("enphase_id", "pk")
    return dict(rows)


# ------------------------------------------------------------------ sweeps


class Circle(Exception):
    """A cursor came back a second time: the list is not complete, and never will be."""


def sweep(company: Company, *, kind: str = Sweep.Kind.FULL) -> Sweep | None:
    """Read the company's whole list, or only the sites in progress (kind "hot").

    Goes on with a sweep that broke off within the hour. Returns it, finished or with its
    `problem`; None when another process is sweeping this company. Never raises for what Enphase
    or the network does, and never deletes because of it. One hit a page of 1,000 sites, and one
    for each site (at most 20) that has to be asked for by its id.
    """
    fence = _claim(company)
    if fence is None:
        return None
    run = _resumed(company, kind) or Sweep.objects.create(company=company, kind=kind)
    retry_at = None
    try:
        with client_for(company.pk, lane="sync") as client:
            _walk(client, company, run, fence)
            _look_for_missing(client, company, run)
    except NeedsReconnect as error:
        run.problem = str(error)
    except RateLimited as error:
        run.problem, retry_at = sentence_for(error), error.retry_at
    except Rejected as error:
        # The cursor may be what is refused: the next sweep starts over.
        run.problem, run.cursor = sentence_for(error), ""
    except EnphaseError as error:
        run.problem = sentence_for(error)
    except (Circle, Overtaken) as error:
        run.problem, run.cursor = str(error), ""
    else:
        run.problem = ""
        run.finished_at = timezone.now()
    run.problem = run.problem[:300]
    run.save()
    _release(company, run, fence, retry_at)
    if run.written or run.kind == Sweep.Kind.FULL:
        tally.refresh(company)
    if run.finished_at:
        _tidy(company, run)
        if run.kind == Sweep.Kind.FULL:
            owners.take_in_listed(company)
    return run


class Overtaken(Exception):
    """Another process took the company over, because this one was silent for too long."""


def _walk(client: Client, company: Company, run: Sweep, fence: int) -> None:
    """Fetch page after page; what a page showed is committed before the next is asked for."""
    filters: dict[str, Any] = {"stage": "in_progress"} if run.kind == Sweep.Kind.HOT else {}
    branches = _branches(company)
    while run.pages < MAX_PAGES:
        page = client.activations.list_activations(
            limit=PAGE_SIZE, next=run.cursor or None, **filters
        )
        with transaction.atomic():
            _keep_lease(company, fence)
            ids = {record.system_id: record for record in page.systems}
            run.written += _take_page(company, list(ids.values()), branches)
            asked = hashlib.blake2b(run.cursor.encode(), digest_size=16).hexdigest()
            try:
                with transaction.atomic():
                    SweepPage.objects.create(
                        sweep=run,
                        number=run.pages + 1,
                        cursor_digest=asked,
                        system_ids=packed(ids),
                    )
            except IntegrityError:
                raise Circle("Enphase's list went round in circles; nothing was removed.") from None
            run.pages += 1
            run.rows += len(ids)
            run.unreadable += len(page.unreadable)
            run.cursor = page.next or ""
            run.save()
        if page.next is None:
            return
    raise Circle("Enphase's list did not end; nothing was removed.")


def _take_page(company: Company, records: list[Record], branches: dict[int, int]) -> int:
    """Write the rows of a page that are new or differ; returns how many."""
    known = {
        system_id: None if gone_at else digest
        for system_id, digest, gone_at in Activation.objects.filter(
            company=company, system_id__in=[record.system_id for record in records]
        ).values_list("system_id", "digest", "gone_at")
    }
    fresh = [record for record in records if record.system_id not in known]
    Activation.objects.bulk_create(
        [_new(company, record, branches, detail=False) for record in fresh],
        batch_size=500,
        ignore_conflicts=True,
    )
    changed = {
        record.system_id: record
        for record in records
        if record.system_id in known and known[record.system_id] != digest_of(record)
    }
    rows = Activation.objects.select_for_update(of=("self",)).filter(
        company=company, system_id__in=list(changed)
    )
    for row in rows.select_related("company").order_by("pk"):
        _take(row, changed[row.system_id], branches, detail=False)
    return len(fresh) + len(changed)


def _look_for_missing(client: Client, company: Company, run: Sweep) -> None:
    """Ask by id for the sites that the finished list did not show.

    A full sweep without unreadable rows counts as one that missed them; after the second, a site
    that Enphase says we cannot see is marked gone. A hot sweep only learns which sites have left
    the stages in progress.
    """
    seen = seen_ids(run)
    rows = Activation.objects.filter(
        company=company, gone_at=None, first_seen_at__lt=run.started_at
    )
    if run.kind == Sweep.Kind.HOT:
        rows = rows.filter(is_open=True)
    unseen = [
        (pk, system_id)
        for pk, system_id in rows.values_list("pk", "system_id").iterator(chunk_size=5000)
        if system_id not in seen
    ]
    if run.kind == Sweep.Kind.FULL:
        if run.unreadable:
            return
        missed = Activation.objects.filter(company=company, missed_sweeps__gt=0)
        back = [pk for pk, system_id in missed.values_list("pk", "system_id") if system_id in seen]
        for chunk in _chunks(back, 500):
            Activation.objects.filter(pk__in=chunk).update(missed_sweeps=0)
        for chunk in _chunks([pk for pk, _ in unseen], 500):
            Activation.objects.filter(pk__in=chunk).update(missed_sweeps=F("missed_sweeps") + 1)

    now = timezone.now()
    suspects = Activation.objects.filter(
        Q(asked_at=None) | Q(asked_at__lt=now - ASK_AGAIN_AFTER),
        company=company,
        gone_at=None,
    ).select_related("company")
    if run.kind == Sweep.Kind.FULL:
        suspects = suspects.filter(missed_sweeps__gte=SWEEPS_UNTIL_GONE)
    else:
        suspects = suspects.filter(pk__in=[pk for pk, _ in unseen[: ASK_AT_MOST * 5]])
    for row in suspects.order_by(F("asked_at").asc(nulls_first=True), "pk")[:ASK_AT_MOST]:
        run.written += _ask_for(client, row)


def _ask_for(client: Client, row: Activation) -> int:
    """Ask Enphase for one site by its id (1 hit); returns how many rows were written."""
    Activation.objects.filter(pk=row.pk).update(asked_at=timezone.now())
    try:
        record = client.activations.get_activation(row.system_id)
    except Rejected as error:
        # 401 is how the Commissioning API says "not yours". The list has just been read with the
        # same token, so it is not the token that is refused.
        if error.status not in (401, 404):
            raise
        if row.missed_sweeps >= SWEEPS_UNTIL_GONE:
            # 404: it does not exist. 401: it does, and somebody else looks after it now.
            forget(row, lost=error.status == 401)
            return 1
        return 0
    if record.system_id == row.system_id:
        adopt(row.company, record, detail=True)
        return 1
    return 0


def ask_again(activation: Activation) -> str:
    """Ask for a lost site by its id: it is ours again, gone for good, or still lost.

    2 hits while it is lost, because a 401 is asked twice, with a new token the second time.
    "" or a sentence on what went wrong; then our copy stays as it is.
    """
    try:
        with client_for(activation.company_id) as client:
            _ask_for(client, activation)
    except EnphaseError as error:
        return sentence_for(error)
    except NeedsReconnect as error:
        return str(error)
    return ""


def _chunks(items: list[int], size: int) -> Iterable[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


# ------------------------------------------------------------------ what a sweep has seen


def packed(ids: Iterable[int]) -> bytes:
    """Ids as sorted 8-byte numbers, deflated: a page of 1,000 takes two or three KB."""
    return zlib.compress(array("q", sorted(ids)).tobytes())


def unpacked(blob: bytes | memoryview) -> list[int]:
    """The ids that `packed` was given."""
    ids = array("q")
    ids.frombytes(zlib.decompress(bytes(blob)))
    return list(ids)


def seen_ids(run: Sweep) -> set[int]:
    """Every site a sweep has met, on all its pages."""
    blobs = SweepPage.objects.filter(sweep=run).values_list("system_ids", flat=True)
    return {system_id for blob in blobs for system_id in unpacked(blob)}


# ------------------------------------------------------------------ one sweeper at a time


def _claim(company: Company) -> int | None:
    """Become the company's only sweeper, by a conditional UPDATE; None when there is one."""
    Mirror.objects.get_or_create(company=company)
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    claimed = Mirror.objects.filter(free, company=company).update(
        lease_until=now + LEASE, fence=F("fence") + 1
    )
    if not claimed:
        return None
    return int(Mirror.objects.values_list("fence", flat=True).get(company=company))


def _keep_lease(company: Company, fence: int) -> None:
    kept = Mirror.objects.filter(company=company, fence=fence).update(
        lease_until=timezone.now() + LEASE
    )
    if not kept:
        raise Overtaken("Another process went on with this sweep.")


def _resumed(company: Company, kind: str) -> Sweep | None:
    """The unfinished sweep to go on with. Older ones are past their cursor's life."""
    last = Sweep.objects.filter(company=company, kind=kind).first()
    if last is None or last.finished_at is not None or not last.cursor:
        return None
    return last if last.started_at > timezone.now() - RESUME_WITHIN else None


def _release(company: Company, run: Sweep, fence: int, retry_at: datetime | None) -> None:
    """Give the company back, with what the next sweeper has to know."""
    now = timezone.now()
    mirror = Mirror.objects.get(company=company)
    news: dict[str, Any] = {"lease_until": None, "problem": run.problem}
    if run.finished_at:
        news |= {"failures": 0, "not_before": now}
        news["hot_at"] = now
        if run.kind == Sweep.Kind.FULL:
            news |= {"full_at": now, "pages": max(run.pages, 1)}
            if mirror.wanted_at and mirror.wanted_at <= run.started_at:
                news["wanted_at"] = None
    else:
        failures = mirror.failures + 1
        pause = min(timedelta(minutes=1) * 2 ** min(failures, 8), LONGEST_PAUSE)
        news |= {"failures": failures, "not_before": max(retry_at or now, now + pause)}
    Mirror.objects.filter(company=company, fence=fence).update(**news)


def _tidy(company: Company, run: Sweep) -> None:
    """Drop what older sweeps have seen, and all but the last hundred sweeps."""
    SweepPage.objects.filter(
        sweep__company=company, sweep__kind=run.kind, sweep__lt=run.pk
    ).delete()
    old = Sweep.objects.filter(company=company, kind=run.kind).values_list("pk", flat=True)[100:]
    Sweep.objects.filter(pk__in=list(old)).delete()


# ------------------------------------------------------------------ what is due


class AlreadyReading(Refused):
    """The list is being read, or somebody has just asked for it."""


@transaction.atomic
def want_sweep(company: Company, *, ring: Callable[[int], None]) -> str:
    """Note that somebody wants fresh data and ring a worker after commit; says so in a sentence.

    Raises Refused when there is nothing to wait for: no connection, a limit, or a sweep that is
    under way already.
    """
    account = Account.objects.filter(company=company).first()
    if account is None:
        raise Refused("This company is not connected to Enphase yet. An admin can do it.")
    if not account.is_healthy:
        raise Refused("The connection to Enphase has ended. An admin has to connect again.")
    Mirror.objects.get_or_create(company=company)
    mirror = Mirror.objects.select_for_update().get(company=company)
    now = timezone.now()
    if mirror.lease_until and mirror.lease_until > now:
        raise AlreadyReading("The list is being read from Enphase right now. Reload in a minute.")
    if mirror.wanted_at and mirror.wanted_at > now - LEASE:
        raise AlreadyReading("A refresh is already waiting for a worker. Reload in a minute.")
    mirror.wanted_at, mirror.not_before = now, now
    mirror.save(update_fields=["wanted_at", "not_before"])
    transaction.on_commit(partial(ring, company.pk))
    hits = "1 hit" if mirror.pages == 1 else f"{mirror.pages:,} hits"
    return f"Refresh queued: {hits}. New data shows up here in about a minute."


HOT_EVERY = timedelta(minutes=5)
HOT_EVERY_AT_NIGHT = timedelta(minutes=30)
FULL_EVERY = timedelta(hours=6)
WORKING_HOURS = range(6, 18)
# The clock of the middle of a country; UTC elsewhere. Good enough to know day from night.
CLOCKS = {"US": -7, "CA": -6, "MX": -6, "BR": -3, "AU": 10, "NZ": 12, "IN": 5, "NL": 1, "DE": 1,
          "BE": 1, "FR": 1, "ES": 1, "IT": 1, "AT": 1, "CH": 1, "PL": 1}  # fmt: skip


def due_kind(company: Company, mirror: Mirror, now: datetime | None = None) -> str | None:
    """Which sweep the company should have now, if any."""
    now = now or timezone.now()
    if now < mirror.not_before or (mirror.lease_until and mirror.lease_until > now):
        return None
    if mirror.wanted_at or mirror.full_at is None or mirror.full_at < now - FULL_EVERY:
        return Sweep.Kind.FULL
    every = HOT_EVERY if is_working_time(company, now) else HOT_EVERY_AT_NIGHT
    if mirror.hot_at is None or mirror.hot_at <= now - every:
        return Sweep.Kind.HOT
    return None


def is_working_time(company: Company, now: datetime) -> bool:
    """Weekdays from six to six where the company works, to the hour."""
    there = now.astimezone(UTC) + timedelta(hours=CLOCKS.get(company.country, 0))
    return there.weekday() < 5 and there.hour in WORKING_HOURS
