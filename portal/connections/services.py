"""Connecting a company to Enphase, and keeping it connected.

The Enlighten password is used for one request and then forgotten. Tokens live sealed in the
company's Account; the newest pair is stored before it is used for the first time.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

import enphase
from enphase import (
    Client,
    EnphaseError,
    Hit,
    InvalidGrant,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Timeouts,
    TokenSet,
    password_grant,
    refresh_grant,
)
from enphase.application import checked_base_url
from enphase.records import User
from portal.connections.models import Account, Application
from portal.connections.signals import account_changed
from portal.sealing import SealBroken
from portal.ui.errors import Refused
from portal.usage.meter import Meter
from portal.users import limits

log = logging.getLogger(__name__)

# Longer than the two tries at the token endpoint together, so that a claim ends only when its
# holder is gone.
CLAIM = timedelta(seconds=90)
TOKEN_TIMEOUTS = Timeouts(connect=5.0, read=20.0, deadline=30.0)
# A person waits at the screen: give up sooner than a worker would.
PAGE_TIMEOUTS = Timeouts(connect=3.0, read=8.0, deadline=10.0)
WAIT_FOR_REFRESHER_SECONDS = 20.0
REFRESH_AT_SHARE_OF_LIFE = 0.75


class NeedsReconnect(Refused):
    """There is no usable account: nothing was sent, and nothing will be until a person connects."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "The connection to Enphase has ended. An admin of the company has to connect again."
        )


class ConnectFailed(Refused):
    """The Enlighten e-mail and password led to nothing; the sentence says what to do."""


# ------------------------------------------------------------------ applications


def shared_application() -> Application:
    """The application of the environment (ENPHASE_*), made on demand and kept equal to it.

    Raises NeedsReconnect when the environment names none.
    """
    if not (settings.ENPHASE_CLIENT_ID and settings.ENPHASE_API_KEY):
        raise NeedsReconnect(
            "This portal has no Enphase application yet. "
            "Whoever runs it has to set ENPHASE_API_KEY, ENPHASE_CLIENT_ID and "
            "ENPHASE_CLIENT_SECRET."
        )
    try:
        base_url = checked_base_url(settings.ENPHASE_API_URL)
    except ValueError as error:
        raise NeedsReconnect(f"This portal's ENPHASE_API_URL cannot be used. {error}") from None
    place = {"company": None, "base_url": base_url, "client_id": settings.ENPHASE_CLIENT_ID}
    application = Application.objects.filter(**place).first()
    if application is None:
        application = Application(**place)
        _take_environment(application)
        try:
            with transaction.atomic():
                application.save()
        except IntegrityError:
            return shared_application()
    elif not _equals_environment(application):
        _take_environment(application)
        application.save(update_fields=["api_key_sealed", "client_secret_sealed"])
    return application


def _equals_environment(application: Application) -> bool:
    try:
        found = (application.api_key, application.client_secret)
    except SealBroken:
        return False
    return found == (settings.ENPHASE_API_KEY, settings.ENPHASE_CLIENT_SECRET)


def _take_environment(application: Application) -> None:
    application.api_key = settings.ENPHASE_API_KEY
    application.client_secret = settings.ENPHASE_CLIENT_SECRET


def _credentials(application: Application) -> enphase.Application:
    """What the client needs of it. Raises NeedsReconnect for secrets that cannot be used."""
    try:
        return enphase.Application(
            api_key=application.api_key,
            client_id=application.client_id,
            client_secret=application.client_secret,
        )
    except ValueError as error:
        raise NeedsReconnect(f"The Enphase application cannot be used. {error}") from None
    except SealBroken:
        raise NeedsReconnect(
            "The secrets of the Enphase application cannot be opened with this portal's keys."
        ) from None


# ------------------------------------------------------------------ calling on a company's behalf


def client_for(
    company_id: int,
    *,
    lane: str = "interactive",
    person_id: int | None = None,
    on_hit: Callable[[Hit], None] | None = None,
    trace: Callable[[str], None] | None = None,
    timeouts: Timeouts | None = None,
) -> Client:
    """A client (context manager) that acts as the company's Enphase account.

    Every call passes the shared limit of the application and is written to the ledger, for
    `person_id` when somebody caused it.

    Raises NeedsReconnect when there is no usable account, also later from a call when the account
    dies meanwhile; in both cases nothing was sent. `timeouts` replaces the endpoints' own: pages
    pass PAGE_TIMEOUTS.
    """
    account = _usable_account(company_id)
    meter = Meter(account.application.pk, company_id, lane, person_id)

    def count(hit: Hit) -> None:
        meter.on_hit(hit)
        if on_hit is not None:
            on_hit(hit)

    return Client(
        account.application.base_url,
        _credentials(account.application),
        AccountTokens(company_id),
        meter,
        count,
        lane=lane,
        trace=trace,
        timeouts={"*": timeouts} if timeouts else None,
    )


def _usable_account(company_id: int) -> Account:
    account = Account.objects.select_related("application").filter(company_id=company_id).first()
    if account is None:
        raise NeedsReconnect("This company is not connected to Enphase yet. An admin can do it.")
    if not account.is_healthy:
        raise NeedsReconnect
    application = account.application
    if application.company_id is None:
        current = shared_application()
        if current.pk != application.pk:
            raise NeedsReconnect(
                "The portal now uses another Enphase application than the one this company was "
                "connected with. An admin of the company has to connect again."
            )
        account.application = current
    elif application.base_url != settings.ENPHASE_API_URL:
        raise NeedsReconnect("The company's own application names an address that is not allowed.")
    return account


class AccountTokens:
    """The tokens of a company's account, read anew for each call (`enphase.Tokens`).

    Another process may have refreshed them since the last one.
    """

    def __init__(self, company_id: int) -> None:
        self.company_id = company_id

    def access_token(self) -> str:
        """The token to send. Raises NeedsReconnect or NotSent; either way nothing has been sent."""
        account = Account.objects.filter(company_id=self.company_id).first()
        if account is None or not account.is_healthy:
            raise NeedsReconnect
        token = _open(account)
        if not account.is_expired:
            return token
        renewed = renew(self.company_id, token)
        if renewed is None:
            raise NeedsReconnect
        return renewed

    def renew(self, rejected: str) -> str | None:
        return renew(self.company_id, rejected)


@sensitive_variables("rejected")
def renew(company_id: int, rejected: str) -> str | None:
    """Another access token than `rejected`. One process refreshes, the others wait for its pair.

    Returns None when the account is dead (it is marked so). Raises NotSent, or RateLimited, when
    Enphase's token endpoint gives no usable answer now: the account stays, try again later.
    Never call it inside a transaction: the others could not see the new pair.
    """
    give_up_at = time.monotonic() + WAIT_FOR_REFRESHER_SECONDS
    while True:
        account = (
            Account.objects.select_related("application").filter(company_id=company_id).first()
        )
        if account is None or not account.is_healthy:
            return None
        token = _open(account)
        if token != rejected:
            return token
        if claim := _claim(account):
            return _refresh(account, claim)
        if time.monotonic() > give_up_at:
            raise NotSent("Another process is renewing the connection to Enphase.")
        time.sleep(0.1)


def renew_after(company_id: int, moment: datetime) -> str | None:
    """Another access token than the one that was good at `moment`; otherwise like `renew`.

    For a caller that was refused and cannot tell with which token: when somebody has refreshed
    since, that pair is the answer, and no second one is asked for.
    """
    account = Account.objects.filter(company_id=company_id).first()
    if account is None or not account.is_healthy:
        return None
    token = _open(account)
    if account.refreshed_at is not None and account.refreshed_at > moment:
        return token
    return renew(company_id, token)


def refresh_ahead(account: Account) -> bool:
    """Refresh a token that is still good but beyond 75 % of its life; False when not this time.

    Never raises: the old token goes on working, and the next minute tries again.
    """
    claim = _claim(account)
    if claim is None:
        return False
    try:
        return _refresh(account, claim) is not None
    except (EnphaseError, NeedsReconnect) as error:
        log.warning("Account %s not refreshed (%s)", account.pk, type(error).__name__)
        return False


def _claim(account: Account) -> datetime | None:
    """Become the one refresher of exactly the pair in `account`, or None when somebody else is.

    A conditional UPDATE, so that no lock is held while Enphase is asked.
    """
    now = timezone.now()
    until = now + CLAIM
    mine = Account.objects.filter(
        Q(refreshing_until=None) | Q(refreshing_until__lt=now),
        pk=account.pk,
        state=Account.State.HEALTHY,
        refresh_token_sealed=account.refresh_token_sealed,
    ).update(refreshing_until=until)
    return until if mine else None


@sensitive_variables()
def _refresh(account: Account, claim: datetime) -> str | None:
    """Redeem the refresh token. The new access token, or None when the account is dead."""
    lost = False
    try:
        try:
            tokens = _redeem(account)
        except OutcomeUnknown:
            # The new pair may exist and be lost. The old token is the only thing left to try.
            lost = True
            tokens = _redeem(account)
    except (InvalidGrant, Rejected, SealBroken) as error:
        return _refresh_refused(account, claim, error, lost=lost)
    except NeedsReconnect:
        _release(account, claim)
        raise
    except EnphaseError as error:
        _release(account, claim)
        if isinstance(error, RateLimited):
            raise
        raise NotSent("The connection to Enphase could not be renewed just now.") from None
    return _store_refreshed(account, claim, tokens)


def _redeem(account: Account) -> TokenSet:
    return refresh_grant(
        account.application.base_url,
        _credentials(account.application),
        account.refresh_token,
        timeouts=TOKEN_TIMEOUTS,
    )


@sensitive_variables()
def _store_refreshed(account: Account, claim: datetime, tokens: TokenSet) -> str | None:
    _take_tokens(account, tokens, previous=account.refresh_token_sealed)
    account.refreshing_until = None
    fields = _token_fields(account)
    stored = Account.objects.filter(pk=account.pk, refreshing_until=claim).update(
        **fields, refreshing_until=None
    )
    if stored:
        log.info("Account %s refreshed", account.pk)
        return tokens.access_token
    # Somebody connected again meanwhile; their pair is the one that counts.
    newest = Account.objects.filter(pk=account.pk, state=Account.State.HEALTHY).first()
    return _open(newest) if newest else None


def _refresh_refused(
    account: Account, claim: datetime, error: Exception, *, lost: bool
) -> str | None:
    """Enphase refused the refresh token: believe it only when the row still holds that token."""
    newest = Account.objects.filter(pk=account.pk).first()
    if newest is None:
        return None
    if newest.refresh_token_sealed != account.refresh_token_sealed:
        return _open(newest) if newest.is_healthy else None
    if isinstance(error, SealBroken):
        problem = Account.Problem.UNREADABLE
    elif not isinstance(error, InvalidGrant):
        problem = Account.Problem.APPLICATION
    else:
        problem = Account.Problem.LOST if lost else Account.Problem.REVOKED
    mark_needs_reconnect(newest, problem, only_if=Q(refreshing_until=claim))
    return None


def mark_needs_reconnect(account: Account, problem: str, *, only_if: Q | None = None) -> None:
    """Park the account: nothing is sent for the company until a person connects again."""
    with transaction.atomic():
        dead = Account.objects.filter(
            only_if or Q(), pk=account.pk, state=Account.State.HEALTHY
        ).update(state=Account.State.NEEDS_RECONNECT, problem=problem, refreshing_until=None)
        if dead:
            log.warning("Account %s needs to be connected again (%s)", account.pk, problem)
            _tell(account, "account:lost", None, Account.Problem(problem).label)


def _release(account: Account, claim: datetime) -> None:
    Account.objects.filter(pk=account.pk, refreshing_until=claim).update(refreshing_until=None)


def _open(account: Account) -> str:
    """The access token; a row that does not open counts as lost, never as a token."""
    try:
        return str(account.access_token)
    except SealBroken:
        mark_needs_reconnect(account, Account.Problem.UNREADABLE)
        raise NeedsReconnect(
            "The stored connection cannot be opened with this portal's keys. "
            "An admin of the company has to connect again."
        ) from None


def _take_tokens(account: Account, tokens: TokenSet, *, previous: str) -> None:
    """Seal a new pair into the row; a missing refresh token keeps the one there is."""
    life = timedelta(seconds=tokens.expires_in)
    account.access_token = tokens.access_token
    if tokens.refresh_token:
        account.previous_refresh_token_sealed = previous
        account.refresh_token = tokens.refresh_token
    account.expires_at = tokens.received_at + life
    account.refresh_at = tokens.received_at + life * REFRESH_AT_SHARE_OF_LIFE
    account.refreshed_at = tokens.received_at


def _token_fields(account: Account) -> dict[str, Any]:
    names = (
        "access_token_sealed",
        "refresh_token_sealed",
        "previous_refresh_token_sealed",
        "expires_at",
        "refresh_at",
        "refreshed_at",
    )
    return {name: getattr(account, name) for name in names}


# ------------------------------------------------------------------ connecting


@dataclass(frozen=True)
class SignedIn:
    """Tokens fresh from the password, and whom they act as. Nothing of it is stored yet."""

    application: Application
    tokens: TokenSet = field(repr=False)
    user: User

    def client(self) -> Client:
        """A client on these tokens, for what must be read before there is an account."""
        return client_on(self.application, self.tokens.access_token)


class FixedTokens:
    """One access token that cannot be renewed (`enphase.Tokens`)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access_token(self) -> str:
        return self._token

    def renew(self, rejected: str) -> str | None:
        return None


@sensitive_variables("access_token")
def client_on(application: Application, access_token: str) -> Client:
    """A client on one token of somebody who waits at the screen; it cannot be renewed.

    Its hits are counted for the application alone: whose company it is, is what it asks.
    """
    meter = Meter(application.pk, None)
    return Client(
        application.base_url,
        _credentials(application),
        FixedTokens(access_token),
        meter,
        meter.on_hit,
        timeouts={"*": PAGE_TIMEOUTS},
    )


@sensitive_variables()
def sign_in_to_enphase(username: str, password: str, *, actor: Any) -> SignedIn:
    """Use the Enlighten password once, and ask whom it acts as (1 hit).

    Raises ConnectFailed, or TooOften, with the sentence for the person. Stores and logs nothing.
    """
    # Nobody shall guess Enlighten passwords through us.
    limits.count("connect-by", getattr(actor, "pk", None), most=10, minutes=10)
    limits.count("connect-as", username.strip().lower(), most=10, minutes=10)
    application = shared_application()
    try:
        tokens = password_grant(
            application.base_url,
            _credentials(application),
            username,
            password,
            timeouts=PAGE_TIMEOUTS,
        )
        with client_on(application, tokens.access_token) as client:
            user = client.users.get_current_user(expand_company=True)
    except InvalidGrant:
        raise ConnectFailed(
            "Enlighten did not accept this e-mail and password. "
            "Check that they work at enlighten.enphaseenergy.com, then try again."
        ) from None
    except EnphaseError as error:
        raise ConnectFailed(sentence_for(error)) from None
    return SignedIn(application, tokens, user)


def store_account(company: Any, signed_in: SignedIn, *, actor: Any) -> Account:
    """Make `signed_in` the company's connection; replaces the one it had.

    Refused when the account belongs to another company than `company`.
    """
    acting = signed_in.user.company
    if acting is None or acting.company_id != company.enphase_id:
        name = getattr(acting, "company_name", "") or "no company"
        raise ConnectFailed(
            f"This Enlighten account belongs to {name}, not to {company}. "
            f"Use an account of {company}."
        )
    user, tokens = signed_in.user, signed_in.tokens
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(company_id=company.pk).first()
        again = account is not None
        account = account or Account(company_id=company.pk)
        account.application = signed_in.application
        _take_tokens(account, tokens, previous="")
        account.state, account.problem = Account.State.HEALTHY, Account.Problem.NONE
        account.refreshing_until = None
        _take_person(account, user)
        account.connected_by, account.connected_at = actor, timezone.now()
        account.save()
        text = f"Connected to Enphase as {account.acting_name or 'a user'}"
        _tell(account, "account:reconnected" if again else "account:connected", actor, text)
    return account


@sensitive_variables()
def connect(company: Any, *, username: str, password: str, actor: Any) -> Account:
    """Connect a company that is known here already, or connect it again (1 hit)."""
    return store_account(company, sign_in_to_enphase(username, password, actor=actor), actor=actor)


def test_connection(account: Account, *, actor: Any) -> bool:
    """Ask Enphase whom the account acts as (1 hit), and keep what came of it. Never raises."""
    try:
        with client_for(account.company_id, person_id=actor.pk, timeouts=PAGE_TIMEOUTS) as client:
            user = client.users.get_current_user(expand_company=True)
    except EnphaseError as error:
        works, result = False, sentence_for(error)
    except NeedsReconnect as error:
        works, result = False, str(error)
    else:
        works, result = True, "Enphase answered."
        _take_person(account, user)
    account.tested_at, account.test_result = timezone.now(), result[:300]
    account.save(
        update_fields=[
            "enphase_user_id",
            "acting_name",
            "acting_email",
            "acting_company",
            "tested_at",
            "test_result",
        ]
    )
    account.refresh_from_db()
    return works


def disconnect(account: Account, *, actor: Any) -> None:
    """Forget the tokens. Queued changes of the company wait; our copy of its sites stays.

    Enphase offers no way to revoke them: they end there by themselves.
    """
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(
            state=Account.State.NEEDS_RECONNECT,
            problem=Account.Problem.DISCONNECTED,
            access_token_sealed="",
            refresh_token_sealed="",
            previous_refresh_token_sealed="",
            expires_at=None,
            refresh_at=None,
            refreshing_until=None,
        )
        account.refresh_from_db()
        _tell(account, "account:disconnected", actor, "Disconnected from Enphase")


def sentence_for(error: EnphaseError) -> str:
    """What a failed look-up or sign-in means, and what to do, in our words."""
    if isinstance(error, NotSent):
        return "Enphase could not be reached. Nothing was sent. Try again in a minute."
    if isinstance(error, RateLimited):
        if error.period == "month":
            return f"The monthly quota is used up until {_moment(error.retry_at, '%-d %B')}."
        return f"The hits of this minute are used up. Continues at {_moment(error.retry_at)} UTC."
    if isinstance(error, Rejected):
        if error.status == 401:
            return (
                "Enphase refuses the portal's application or this person's access. "
                "Check in the developer portal that key, client id and secret belong together."
            )
        return "Enphase refused the request. Whoever runs this portal finds the reason in its log."
    return "Enphase gave no usable answer. Nothing was changed here. Try again in a minute."


def _moment(when: datetime | None, form: str = "%H:%M:%S") -> str:
    return when.strftime(form) if when else "the next full minute"


def _take_person(account: Account, user: User) -> None:
    account.enphase_user_id = user.user_id
    company = user.company.company_name if user.company else None
    account.acting_name = user.name[:255]
    account.acting_email = (user.email or "")[:254]
    account.acting_company = (company or "")[:255]


def _tell(account: Account, tag: str, actor: Any, text: str) -> None:
    account_changed.send(Account, account=account, actor=actor, tag=tag, text=text)
