"""One HTTP exchange: bytes out, bytes in, and the proof whether anything left this machine.

`requests` raises the same ConnectionError for "refused" and for "carried out, reply lost", and its
timeouts are per read. So the connection itself notes when the first byte is handed to the socket,
and a watchdog shuts the socket down when the wall-clock deadline passes, headers included.

The query string never becomes part of a URL that `requests` or `urllib3` sees: both put URLs into
log lines and exception texts, and queries hold e-mail addresses and, for tokens, passwords. It is
joined to the path where the request line is written.
"""

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from enphase.endpoints import Timeouts
from enphase.errors import EnphaseError, NotSent, OutcomeUnknown

logger = logging.getLogger(__name__)

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
USER_AGENT = "ridgeline-enphase/1"

# "sent" once the request was written to the socket, "replied" once the whole answer was read.
Trace = Callable[[str], None]


@dataclass(frozen=True)
class Reply:
    """An answer that was read completely. Nothing is known yet about what its body means."""

    status: int
    body: bytes


class _TooLate(Exception):
    """The deadline passed while the connection was being made: nothing may leave any more."""


class _TooMuch(Exception):
    """The answer is larger than the cap."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class _Watchdog:
    """One thread that ends every exchange of this process whose time is over.

    One for all, because starting a thread for each call costs a fifth of the call.
    """

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._watched: set[_Exchange] = set()
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None

    def add(self, exchange: "_Exchange") -> None:
        with self._news:
            self._watched.add(exchange)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="enphase deadlines", daemon=True
                )
                self._thread.start()
            elif exchange.ends_at < self._wakes_at:
                self._news.notify()

    def drop(self, exchange: "_Exchange") -> None:
        with self._news:
            self._watched.discard(exchange)

    def _run(self) -> None:
        while True:
            with self._news:
                now = time.monotonic()
                due = [exchange for exchange in self._watched if exchange.ends_at <= now]
                self._watched.difference_update(due)
                if not due:
                    ends = (exchange.ends_at for exchange in self._watched)
                    self._wakes_at = min(ends, default=now + 60)
                    self._news.wait(self._wakes_at - now)
            for exchange in due:
                exchange.expire()


_watchdog = _Watchdog()


def _new_watchdog() -> None:
    # A forked child has neither the thread nor a right to the exchanges of its parent.
    global _watchdog
    _watchdog = _Watchdog()


os.register_at_fork(after_in_child=_new_watchdog)


class _Exchange:
    """What the connection, the watchdog and the caller know together about one request."""

    def __init__(self, query: str, deadline_seconds: float, trace: Trace | None) -> None:
        self.query = query
        self.trace = trace
        self.may_have_left = False
        self.expired = False
        self.ends_at = time.monotonic() + deadline_seconds
        self._lock = threading.Lock()
        self._finished = False
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        _watchdog.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _watchdog.drop(self)
        with self._lock:
            self._finished = True
            if self._socket is not None:
                self._socket.close()

    def watch(self, sock: socket.socket) -> None:
        """Give the watchdog a handle of its own on the connection.

        A duplicate, because TLS takes the original socket apart while it shakes hands, and because
        `http.client` closes a connection before the body of its last answer has been read.
        """
        with self._lock:
            if self._socket is None:
                self._socket = socket.socket(fileno=os.dup(sock.fileno()))
            if self.expired:
                raise _TooLate

    def leave(self, sock: socket.socket) -> None:
        """Called directly before bytes are handed to the socket; the last chance to stop.

        A process that was frozen between its claim and this line must not send any more.
        """
        self.watch(sock)
        if not self.may_have_left and time.monotonic() >= self.ends_at:
            raise _TooLate
        self.may_have_left = True

    def note(self, moment: str) -> None:
        if self.trace is not None:
            self.trace(moment)

    def hang_up(self) -> None:
        """Wake whoever waits for bytes of this exchange: none will come any more."""
        with self._lock:
            if not self._finished and self._socket is not None:
                with contextlib.suppress(OSError):  # the other side was quicker
                    self._socket.shutdown(socket.SHUT_RDWR)

    def expire(self) -> None:
        """The deadline has passed: hang up, unless the answer was there before."""
        with self._lock:
            self.expired = not self._finished
        self.hang_up()


_current: ContextVar[_Exchange | None] = ContextVar("enphase_exchange", default=None)


class _Connection(HTTPConnection):
    """A connection that reports to the exchange it is used for."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        exchange = _current.get()
        if exchange is not None:
            try:
                exchange.watch(sock)
            except _TooLate:
                sock.close()
                raise
        return sock

    def putrequest(
        self,
        method: str,
        url: str,
        skip_host: bool = False,
        skip_accept_encoding: bool = False,
    ) -> None:
        exchange = _current.get()
        if exchange is not None and exchange.query:
            url = f"{url}?{exchange.query}"
        super().putrequest(method, url, skip_host, skip_accept_encoding)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        exchange = _current.get()
        if exchange is not None:
            exchange.leave(self.sock)
        super().send(data)

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        exchange = _current.get()
        if exchange is not None:
            exchange.note("sent")


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs
        )
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Session(requests.Session):
    """Never follows a redirect, repeats nothing, keeps no cookie, reads no setting of the machine.

    With `trust_env` off neither proxies nor .netrc of the environment are used. TLS is verified
    always; `ca_bundle` may add to *what* is trusted, never switch the check off.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = ca_bundle or True
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(max_retries=Retry(0, redirect=0, status=0), pool_connections=1)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class Stream:
    """An answer that is read while it arrives, over a connection of its own.

    Iterating gives pieces as they come, and ends when the other side ends, when the time allowed
    is over, or when somebody, of any thread, calls `close`. `OutcomeUnknown` if it breaks off.
    """

    def __init__(
        self, name: str, exchange: _Exchange, response: requests.Response, stack: ExitStack
    ) -> None:
        self.status = response.status_code
        kind = response.headers.get("content-type", "")
        self.has_events = kind.strip().casefold().startswith("text/event-stream")
        self._name = name
        self._exchange = exchange
        self._raw = response.raw
        self._stack = stack
        self._closed = False
        self.ended = False  # by itself, not by `close`

    def close(self) -> None:
        """Let go of the connection at once; what has not been read is lost. Harmless twice."""
        self._closed = True
        self._exchange.hang_up()
        self._stack.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        failure: EnphaseError | None = None
        piece = b""
        try:
            if not self._closed:
                piece = self._raw.read1(CHUNK_BYTES, decode_content=True) or b""
        except Exception as error:
            if not (self._closed or self._exchange.expired):
                failure = _failure(self._name, self._exchange, error)
        if failure is not None:
            self.close()
            raise failure
        if not piece or self._closed:
            self.ended = self.ended or not self._closed
            self.close()
            raise StopIteration
        return piece

    def read_all(self) -> bytes:
        """Read the rest of an answer that turned out not to be a stream, and close."""
        body = bytearray()
        for piece in self:
            body += piece
            if len(body) > MAX_RESPONSE_BYTES:
                self.close()
                raise _failure(self._name, self._exchange, _TooMuch(self.status))
        self._exchange.note("replied")
        return bytes(body)


class Wire:
    """Sends requests: reads over a pooled session, everything else over a fresh connection.

    A fresh connection, because of a kept one that turns out to be dead nobody can say whether the
    request was carried out. Not for use by two threads at once.
    """

    def __init__(self, *, ca_bundle: str | None = None, trace: Trace | None = None) -> None:
        self._ca_bundle = ca_bundle
        self._trace = trace
        self._pooled = _Session(ca_bundle)

    def close(self) -> None:
        self._pooled.close()

    def exchange(
        self,
        name: str,
        method: str,
        url: str,
        *,
        query: str = "",
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeouts: Timeouts,
        fresh: bool,
    ) -> Reply:
        """Send once and read the whole answer, of whatever status.

        `url` has no query; `query` is already encoded. Raises `NotSent` when no byte of the
        request was handed to the network, and `OutcomeUnknown` for every failure after that.
        """
        session = _Session(self._ca_bundle) if fresh else self._pooled
        common = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": USER_AGENT,
            "Connection": "close" if fresh else "keep-alive",
        }
        failure: EnphaseError
        try:
            with _Exchange(query, timeouts.deadline, self._trace) as exchange:
                token = _current.set(exchange)
                try:
                    request = requests.Request(
                        method, url, headers={**common, **headers}, data=body
                    )
                    reply = _send(session, session.prepare_request(request), timeouts)
                    if not exchange.expired:
                        exchange.note("replied")
                        return reply
                    # A socket shut down by the watchdog looks like the end of the body.
                    failure = _failure(name, exchange, _TooLate())
                except Exception as error:
                    if not (exchange.may_have_left or isinstance(error, _NETWORK_ERRORS)):
                        raise
                    failure = _failure(name, exchange, error)
                finally:
                    _current.reset(token)
        finally:
            if fresh:
                session.close()
        # Raised out here so that no exception of requests, with the headers of the request on it,
        # hangs on as context.
        raise failure

    def open(
        self, name: str, url: str, *, headers: Mapping[str, str], timeouts: Timeouts
    ) -> Stream:
        """Send a GET once and return its answer, of whatever status, before its body has come.

        Raises as `exchange` does. Close the stream.
        """
        common = {
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # a compressor may hold values back
            "Cache-Control": "no-cache",
            "User-Agent": USER_AGENT,
            "Connection": "close",
        }
        failure: EnphaseError
        with ExitStack() as stack:
            session = _Session(self._ca_bundle)
            stack.callback(session.close)
            exchange = stack.enter_context(_Exchange("", timeouts.deadline, self._trace))
            token = _current.set(exchange)
            try:
                request = requests.Request("GET", url, headers={**common, **headers})
                response = session.send(
                    session.prepare_request(request),
                    stream=True,
                    allow_redirects=False,
                    timeout=(timeouts.connect, timeouts.read),
                )
                # Never back into a pool: the rest of the stream would be read as the next answer.
                stack.callback(response.raw.close)
                return Stream(name, exchange, response, stack.pop_all())
            except Exception as error:
                if not (exchange.may_have_left or isinstance(error, _NETWORK_ERRORS)):
                    raise
                failure = _failure(name, exchange, error)
            finally:
                _current.reset(token)
        raise failure


_NETWORK_ERRORS = (_TooLate, requests.RequestException, HTTPError, HTTPException, OSError)


def _send(
    session: requests.Session, request: requests.PreparedRequest, timeouts: Timeouts
) -> Reply:
    response = session.send(
        request,
        stream=True,
        allow_redirects=False,
        timeout=(timeouts.connect, timeouts.read),
    )
    whole = False
    try:
        body = bytearray()
        # The cap counts what comes out of the decompressor; it is fed piece by piece.
        for piece in response.raw.stream(CHUNK_BYTES, decode_content=True):
            body += piece
            if len(body) > MAX_RESPONSE_BYTES:
                raise _TooMuch(response.status_code)
        whole = True
        return Reply(response.status_code, bytes(body))
    finally:
        if whole:
            response.raw.release_conn()
        else:
            # Never back into the pool: the rest of the answer would be read as the next one.
            response.raw.close()


def _failure(name: str, exchange: _Exchange, error: Exception) -> EnphaseError:
    reason = _reason(exchange, error)
    if exchange.may_have_left:
        logger.warning("%s: outcome unknown, %s", name, reason)
        status = error.status if isinstance(error, _TooMuch) else None
        return OutcomeUnknown(f"No usable answer from Enphase to {name}: {reason}.", status)
    logger.warning("%s: not sent, %s", name, reason)
    return NotSent(f"Enphase could not be reached for {name}: {reason}. Nothing was sent.")


def _reason(exchange: _Exchange, error: Exception) -> str:
    """Say in a few words what happened, from the innermost exception's kind, never its text."""
    if exchange.expired or isinstance(error, _TooLate):
        return "the time allowed for it was over"
    if isinstance(error, _TooMuch):
        return f"the answer is larger than {MAX_RESPONSE_BYTES // (1024 * 1024)} MiB"
    inner = _innermost(error)
    if isinstance(inner, NameResolutionError):
        return "the host name was not found"
    if isinstance(inner, NewConnectionError):
        return "the connection was refused"
    if isinstance(inner, (ConnectTimeoutError, ReadTimeoutError)):
        # A TLS handshake that takes too long is a ReadTimeoutError to urllib3.
        return "the answer took too long" if exchange.may_have_left else "connecting took too long"
    if isinstance(inner, SSLError):
        return "the encrypted connection failed"
    if isinstance(error, requests.exceptions.InvalidHeader):
        return "a credential holds characters that cannot be sent"
    if isinstance(error, requests.exceptions.InvalidURL):
        return "the address is not usable"
    return f"the connection broke ({type(inner).__name__})"


def _innermost(error: BaseException) -> BaseException:
    """Unwrap what requests and urllib3 put around the exception that tells the reason."""
    for _ in range(5):
        inner: Any = error.reason if isinstance(error, MaxRetryError) else None
        if inner is None and isinstance(error, requests.RequestException) and error.args:
            inner = error.args[0]
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error
