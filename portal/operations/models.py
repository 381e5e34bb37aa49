"""Changes we owe Enphase, every try at sending them, and the trail of who did what."""

import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from portal.users.models import ForUser

# Crockford's base 32: no I, L, O, U, so a code can be read out on the phone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_code() -> str:
    """Six letters and digits that name an operation to people, and stamp a create's reference."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


class State(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    CONFIRMING = "confirming", "Waiting for the gateway"
    OVERDUE = "overdue", "Gateway is slow"
    UNKNOWN = "unknown", "Not sure it worked"
    NEEDS_REVIEW = "needs_review", "Needs a decision"
    PAUSED = "paused", "Paused"
    CONFLICT = "conflict", "Changed meanwhile"
    DONE = "done", "Done"
    REJECTED = "rejected", "Refused"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    SUPERSEDED = "superseded", "Replaced"


OPEN = (
    State.QUEUED,
    State.SENDING,
    State.CONFIRMING,
    State.OVERDUE,
    State.UNKNOWN,
    State.NEEDS_REVIEW,
    State.PAUSED,
)
# The worker has, or will soon have, something to do; pages poll while it is one of these.
BUSY = (State.QUEUED, State.SENDING, State.CONFIRMING, State.UNKNOWN)
# A worker may take these up, once `not_before` has passed.
DUE = (State.QUEUED, State.CONFIRMING, State.OVERDUE, State.UNKNOWN)
# What is queued for later than this was meant for later.
SOON = timedelta(hours=1)
# A later change to the same site waits for these.
BLOCKS_SITE = (State.QUEUED, State.SENDING, State.UNKNOWN)


# tag -> (label, icon, tone) for timelines. Apps add theirs by `describe_event`.
EVENT_WORDS: dict[str, tuple[str, str, str]] = {
    "operation:queued": ("Queued", "clock", ""),
    "operation:sent": ("Sent to Enphase", "send", "busy"),
    "operation:accepted": ("Accepted by Enphase", "ok", ""),
    "operation:done": ("Done", "ok", "ok"),
    "operation:rejected": ("Refused by Enphase", "bad", "bad"),
    "operation:failed": ("Failed", "bad", "bad"),
    "operation:conflicted": ("Stopped: changed meanwhile", "warn", "warn"),
    "operation:lost": ("No usable answer", "warn", "warn"),
    "operation:stranded": ("Worker lost while sending", "warn", "warn"),
    "operation:looked-up": ("Looked at Enphase", "search", ""),
    "operation:needs-review": ("Waits for a decision", "warn", "warn"),
    "operation:approved": ("Allowed to be sent again", "check", "ok"),
    "operation:checked": ("Asked to check again", "refresh", ""),
    "operation:closed": ("Closed by a person", "check", ""),
    "operation:cancelled": ("Cancelled", "bad", ""),
    "operation:superseded": ("Replaced by another change", "repeat", ""),
    "operation:limited": ("Waits for the plan limit", "clock", "warn"),
    "operation:deferred": ("Could not be sent yet", "clock", "warn"),
    "operation:paused": ("Paused", "pause", "warn"),
    "operation:resumed": ("Goes on", "play", ""),
    "operation:requeued": ("Queued again", "repeat", ""),
    "operation:overdue": ("The gateway is slow", "clock", "warn"),
    "run:previewed": ("Preview made", "doc", ""),
    "run:asked": ("Approval asked for", "inbox", "review"),
    "run:approved": ("Approved", "ok", "ok"),
    "run:returned": ("Not approved", "bad", "warn"),
    "run:started": ("Run started", "play", ""),
    "run:paused": ("Paused", "pause", "warn"),
    "run:resumed": ("Goes on", "play", ""),
    "run:retried": ("Failed ones again", "repeat", ""),
    "run:cancelled": ("Rest cancelled", "stop", ""),
    "run:discarded": ("Preview discarded", "archive", ""),
    "run:finished": ("Finished", "ok", "ok"),
}


def describe_event(tag: str, label: str, icon: str = "ring", tone: str = "") -> None:
    """Tell timelines how an event of an upper app reads."""
    EVENT_WORDS[tag] = (label, icon, tone)


class OperationQuerySet(ForUser["Operation"]):
    def open(self) -> "OperationQuerySet":
        return self.filter(state__in=OPEN)

    def due(self) -> "OperationQuerySet":
        """What a worker may take up now.

        Not before its time, not while another worker holds the lease, not while the company's
        connection is dead, not of a bulk run that stands still, and on one site one change after
        the other: the oldest first, but people before what a bulk run has not sent yet.
        """
        now = timezone.now()
        others = Operation.objects.filter(
            site_key=OuterRef("site_key"), state__in=BLOCKS_SITE
        ).exclude(site_key="")
        before_person = others.filter(pk__lt=OuterRef("pk")).exclude(
            lane="bulk", state=State.QUEUED
        )
        before_bulk = others.filter(Q(pk__lt=OuterRef("pk")) | ~Q(lane="bulk")).exclude(
            pk=OuterRef("pk")
        )
        waits = (~Q(lane="bulk") & Exists(before_person)) | (Q(lane="bulk") & Exists(before_bulk))
        return (
            self.filter(state__in=DUE)
            .filter(not_before__lte=now)
            .filter(Q(lease_until=None) | Q(lease_until__lt=now))
            .exclude(company__account__state="needs_reconnect")
            .exclude(Q(state=State.QUEUED) & (waits | Q(run__state__in=("paused", "cancelled"))))
        )

    def stranded(self) -> "OperationQuerySet":
        """Left in `sending` by a worker that is gone."""
        return self.filter(state=State.SENDING, lease_until__lt=timezone.now())


class Operation(models.Model):
    """One change we owe Enphase. The row is the queue; the Celery message is only a doorbell.

    `payload` is what the write is called with. `before` and `after` hold the same field names,
    for people: labels and values as they read them.
    """

    code = models.CharField(max_length=6, unique=True, default=new_code, editable=False)
    # Minted by the form on GET: submitting the same form twice lands on the same operation.
    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField(default=1)
    payload = models.JSONField(default=dict)
    # What must not happen twice at a time ("activation:7:production").
    key = models.CharField(max_length=120)
    # Operations of one site are sent in order ("activation:7"); empty for no order.
    site_key = models.CharField(max_length=80, blank=True)
    lane = models.CharField(max_length=12, default="interactive")
    state = models.CharField(max_length=14, choices=State, default=State.QUEUED)

    title = models.CharField(max_length=300)
    subject = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    cost_cents = models.PositiveIntegerField(default=0)

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(max_length=255, blank=True)
    # Whoever allowed a second paid try, and when.
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="operations"
    )
    branch = models.ForeignKey(
        "companies.Company", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    activation = models.ForeignKey(
        "activations.Activation",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="operations",
    )

    # The bulk run it is a part of.
    run = models.ForeignKey(
        "operations.Run",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="operations",
        db_index=False,
    )

    not_before = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    lookups = models.PositiveSmallIntegerField(default=0)
    polls = models.PositiveSmallIntegerField(default=0)
    refreshed_token = models.BooleanField(default=False)
    pause_reason = models.CharField(max_length=20, blank=True)
    hits = models.PositiveIntegerField(default=0)

    # One sentence for the person, and the raw words of the API, shown folded.
    message = models.CharField(max_length=500, blank=True)
    raw_error = models.TextField(blank=True)
    progress = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(auto_now=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "key", name="one_open_operation_a_key", condition=Q(state__in=OPEN)
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in State]),
                name="operation_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], name="operation_due", condition=Q(state__in=BUSY)),
            models.Index(
                fields=["site_key", "id"], name="operation_site", condition=Q(state__in=BLOCKS_SITE)
            ),
            models.Index(fields=["company", "-id"], name="operation_list"),
            models.Index(fields=["activation", "-id"], name="operation_of_site"),
            models.Index(
                fields=["run", "state"], name="operation_of_run", condition=Q(run__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.short_id} {self.title}"

    @property
    def short_id(self) -> str:
        return f"op-{self.code}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_busy(self) -> bool:
        return self.state in BUSY and not self.is_scheduled

    @property
    def is_scheduled(self) -> bool:
        """Meant for a later day: open, and nobody waits for it."""
        return self.state == State.QUEUED and self.not_before > timezone.now() + SOON

    @property
    def is_settled(self) -> bool:
        return not self.is_open

    @property
    def can_cancel(self) -> bool:
        """Only what has certainly not been sent can be taken back."""
        return self.state in (State.QUEUED, State.PAUSED)

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Rows for the before/after table: field, before, after."""
        fields = list(dict.fromkeys([*self.before, *self.after]))
        return [
            {"field": name, "before": self.before.get(name), "after": self.after.get(name)}
            for name in fields
        ]

    @property
    def is_slow(self) -> bool:
        """Worth asking less often: it has been under way for two minutes."""
        return timezone.now() - (self.sent_at or self.created_at) > timedelta(minutes=2)

    @property
    def steps(self) -> list[dict[str, str]]:
        """Queued, sent, confirmed, done: where it stands, for the row of steps on its page."""
        if self.state == State.DONE and self.sent_at is None:
            return [{"label": label, "state": "done"} for label in ("Queued", "Nothing to send")]
        at = {
            State.QUEUED: 0,
            State.PAUSED: 0,
            State.SENDING: 1,
            State.UNKNOWN: 1,
            State.NEEDS_REVIEW: 1,
            State.CONFIRMING: 2,
            State.OVERDUE: 2,
            State.DONE: 4,
        }.get(State(self.state))
        if at is None:
            return []
        labels = ["Queued", "Sent to Enphase", "Confirming" if at == 2 else "Confirmed", "Done"]
        states = ["done" if i < at else "now" if i == at else "next" for i in range(len(labels))]
        return [
            {"label": label, "state": state} for label, state in zip(labels, states, strict=True)
        ]

    @property
    def waits_until(self) -> Any:
        """When the worker will look at it next, if that is in the future."""
        soon = timezone.now() + timedelta(seconds=2)
        waits = self.is_busy or self.is_scheduled
        return self.not_before if waits and self.not_before > soon else None


class Attempt(models.Model):
    """A permit to send an operation once, written and committed before the first byte leaves.

    The second permit needs a ground: proof that the one before was not executed, a write that
    may be repeated, or a person who approved it.
    """

    class Ground(models.TextChoices):
        FIRST = "first", "First try"
        UNSENT = "unsent", "The try before was never sent"
        REFUSED = "refused", "The try before was refused without effect"
        REPEATABLE = "repeatable", "Repeating this change is harmless"
        APPROVED = "approved", "A person decided to send it again"

    class Outcome(models.TextChoices):
        OPEN = "", "No answer yet"
        ACCEPTED = "accepted", "Accepted"
        UNSENT = "unsent", "Never sent"
        LIMITED = "limited", "Over the limit"
        REJECTED = "rejected", "Refused"
        UNKNOWN = "unknown", "No usable answer"

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField()
    ground = models.CharField(max_length=12, choices=Ground)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approver_name = models.CharField(max_length=255, blank=True)
    permitted_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.OPEN, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(blank=True)

    objects = models.Manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint("operation", "number", name="one_permit_a_number"),
            models.CheckConstraint(
                condition=Q(number=1, ground="first")
                | Q(number__gt=1, ground__in=["unsent", "refused", "repeatable"])
                | (Q(number__gt=1, ground="approved") & ~Q(approver_name="")),
                name="second_permit_needs_a_ground",
            ),
        ]

    def __str__(self) -> str:
        return f"try {self.number} of operation {self.operation_id}"


class LookUp(models.Model):
    """What we saw when we looked whether an uncertain change had happened."""

    class Finding(models.TextChoices):
        MATCH = "match", "Found"
        ABSENT = "absent", "Not there"
        DUPLICATE = "duplicate", "There more than once"
        INCONCLUSIVE = "inconclusive", "Could not tell"

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="look_ups")
    at = models.DateTimeField(default=timezone.now)
    channel = models.CharField(max_length=60)
    finding = models.CharField(max_length=12, choices=Finding)
    rows = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    objects = models.Manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.channel}: {self.finding}"


class Run(models.Model):
    """One change of many systems: what was chosen, what it would do, who allowed it, how it goes.

    Selection and preview are frozen when the preview is made (`items`); what is sent are ordinary
    operations in the lane "bulk". `value` is what the action's form said, as plain JSON.
    """

    class State(models.TextChoices):
        PREVIEWED = "previewed", "Preview"
        WAITING = "waiting", "Needs approval"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"
        CANCELLED = "cancelled", "Cancelled"

    code = models.CharField(max_length=6, unique=True, default=new_code, editable=False)
    # Minted with the form of the value; the tokens of the children are derived from it.
    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # Name of a portal.operations.runs.registry action ("grid-profile").
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    value = models.JSONField(default=dict, blank=True)
    # How the systems were chosen, in words ("All 63 that match stage 3").
    selection = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PREVIEWED)
    # "person", or what stopped it: "month", "reconnect", "rights".
    pause_reason = models.CharField(max_length=20, blank=True)
    message = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    # How many the preview found: to change, already so, impossible.
    changes = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)
    cannot = models.PositiveIntegerField(default=0)
    # An estimate for one system.
    hits_each = models.PositiveSmallIntegerField(default=1)
    # Asks for the typed number whatever its size, and for a reason.
    careful = models.BooleanField(default=False)
    inverse_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="inverses"
    )

    company = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="runs")
    # The branch its maker is limited to.
    branch = models.ForeignKey(
        "companies.Company", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_name = models.CharField(max_length=255, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approver_name = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ForUser["Run"].as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "previewed",
                        "waiting",
                        "running",
                        "paused",
                        "finished",
                        "cancelled",
                    ]
                ),
                name="run_state_known",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("created_by")),
                name="run_approved_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-id"], name="run_list"),
            models.Index(
                fields=["id"], name="run_going", condition=Q(state__in=["running", "paused"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.short_id} {self.title}"

    @property
    def short_id(self) -> str:
        return f"run-{self.code}"

    @property
    def systems(self) -> str:
        return f"{self.changes:,} system{'' if self.changes == 1 else 's'}"

    @property
    def is_draft(self) -> bool:
        """Nothing has been queued, and perhaps nothing ever will be."""
        return self.state in (self.State.PREVIEWED, self.State.WAITING)

    @property
    def is_going(self) -> bool:
        return self.state in (self.State.RUNNING, self.State.PAUSED)


class RunItem(models.Model):
    """One system of a run: what the preview said of it, and the operation it became.

    `value` is what this system is set to when it differs from the run's (undo runs).
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Queued"
        SENT = "sent", "Handed over"
        ALREADY = "already", "Already so"
        CANNOT = "cannot", "Left out"
        REFUSED = "refused", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items")
    # The order of the run, from 1.
    number = models.PositiveIntegerField()
    activation = models.ForeignKey(
        "activations.Activation", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    name = models.CharField(max_length=255)
    reference = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    value = models.JSONField(default=dict, blank=True)
    # What the action wants to remember of the look, such as the value to compare with.
    seen = models.JSONField(default=dict, blank=True)
    # Failed and begun anew so many times; part of the token, so that no try is queued twice.
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    operation = models.ForeignKey(
        Operation, null=True, on_delete=models.SET_NULL, related_name="run_items"
    )

    class RunItemQuerySet(ForUser["RunItem"]):
        company_path = "run__company_id"
        branch_path = "run__branch_id"

    objects = RunItemQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint("run", "number", name="run_item_number_once"),
            models.UniqueConstraint(
                "run",
                "activation",
                name="run_item_once_a_site",
                condition=Q(activation__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["run", "state", "number"], name="run_item_next")]

    def __str__(self) -> str:
        return f"{self.number} of {self.run_id}: {self.name}"


class AuditEvent(models.Model):
    """One thing that happened, chained to the one before by its hash. Only ever added.

    The actor's name is copied, so the trail outlives the account. Each company has a chain of
    its own; `company` empty is the portal's chain.
    """

    class AppendOnly(ForUser["AuditEvent"]):
        def update(self, **kwargs: Any) -> int:
            raise TypeError("The audit trail only grows.")

        def delete(self) -> Any:
            raise TypeError("The audit trail only grows.")

    company = models.ForeignKey(
        "companies.Company",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    # The company's id, or 0 for the portal's own chain.
    chain = models.BigIntegerField()
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    # subject:verb-in-past, such as operation:queued.
    tag = models.CharField(max_length=60)
    text = models.CharField(max_length=300, blank=True)
    operation = models.ForeignKey(
        Operation,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="events",
    )
    activation = models.ForeignKey(
        "activations.Activation",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="events",
    )
    run = models.ForeignKey(
        "operations.Run",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="events",
    )
    branch = models.ForeignKey(
        "companies.Company",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=255, blank=True)
    data = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint("chain", "sequence", name="audit_sequence_once")]
        indexes = [
            models.Index(fields=["activation", "-id"], name="audit_of_site"),
            models.Index(fields=["operation", "id"], name="audit_of_operation"),
            models.Index(fields=["run", "id"], name="audit_of_run", condition=Q(run__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.tag

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The audit trail only grows.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("The audit trail only grows.")

    @property
    def label(self) -> str:
        """What happened, in words ("Sent to Enphase")."""
        words = EVENT_WORDS.get(self.tag)
        return words[0] if words else self.tag.replace(":", " ").replace("-", " ").capitalize()

    @property
    def icon(self) -> str:
        words = EVENT_WORDS.get(self.tag)
        return words[1] if words else "ring"

    @property
    def tone(self) -> str:
        words = EVENT_WORDS.get(self.tag)
        return words[2] if words else ""


class AuditHead(models.Model):
    """The newest link of each chain; locked while a link is added."""

    chain = models.BigIntegerField(primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    objects = models.Manager()

    def __str__(self) -> str:
        return f"{self.chain}: {self.sequence}"
