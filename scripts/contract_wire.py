"""A listener between client and sandbox that writes down every exchange as it was on the wire."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from scripts.contract_document import STREAM, Exchange, bare

NOT_PASSED_ON = {"host", "connection", "content-length", "accept-encoding", "transfer-encoding"}
TIMEOUT_SECONDS = 30
FRAMES = 2  # of a stream, after which it ends


def unaltered(exchange: Exchange) -> Exchange:
    return exchange


class Recorder:
    """Passes requests on to `upstream`, and keeps `exchanges` in the order of their answers.

    An exchange is written down before its answer is given on. What `alter` makes of it is what is
    written down and what the client receives. Streams are cut after two events. A context manager;
    `url` is valid inside.
    """

    def __init__(self, upstream: str, alter: Callable[[Exchange], Exchange] = unaltered) -> None:
        self.exchanges: list[Exchange] = []
        self._address = urlsplit(upstream).netloc
        self._alter = alter
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def _pass_on(self) -> None:
                exchange = recorder.pass_on(self)
                self.send_response(exchange.status)
                self.send_header("Content-Type", exchange.media_type)
                self.send_header("Connection", "close")
                if bare(exchange.media_type) != STREAM:
                    self.send_header("Content-Length", str(len(exchange.answer)))
                self.end_headers()
                self.wfile.write(exchange.answer)

            # The names that the standard library looks for.
            do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

            def log_message(self, *parts: Any) -> None:
                """Silence: the exchanges are the log."""

        return Handler

    def pass_on(self, asked: BaseHTTPRequestHandler) -> Exchange:
        """Ask the sandbox what the client asked us, and write both down."""
        body = asked.rfile.read(int(asked.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in asked.headers.items()}
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(
                asked.command,
                asked.path,
                body or None,
                {name: text for name, text in headers.items() if name not in NOT_PASSED_ON},
            )
            reply = connection.getresponse()
            media_type = reply.headers.get("content-type", "")
            answer = beginning(reply) if bare(media_type) == STREAM else reply.read()
        finally:
            connection.close()
        path, _, query = asked.path.partition("?")
        exchange = self._alter(
            Exchange(asked.command, path, query, headers, body, reply.status, media_type, answer)
        )
        self.exchanges.append(exchange)
        return exchange


def beginning(reply: http.client.HTTPResponse) -> bytes:
    """The first whole events of a stream."""
    read = b""
    while read.count(b"\n\n") < FRAMES:
        piece = reply.read1(65_536)
        if not piece:
            break
        read += piece
    end = 0
    for _ in range(min(FRAMES, read.count(b"\n\n"))):
        end = read.index(b"\n\n", end) + 2
    return read[:end]
