"""HTTP/1.1 on our own sockets, so that a reply can be lost, cut, trickled or reset on purpose."""

from __future__ import annotations

import http.server
import json
import socket
import socketserver
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_LARGEST_BODY = 8 * 1024 * 1024
_IDLE_SECONDS = 300
_REASONS = http.server.BaseHTTPRequestHandler.responses


@dataclass(frozen=True)
class Request:
    """One request as it came in. Header names are lower case; of a repeated query key, the last."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: str = "127.0.0.1"
    target: str = ""

    def form(self) -> dict[str, str]:
        """Give the fields of a form-encoded body, empty when it is none."""
        if "form-urlencoded" not in self.headers.get("content-type", ""):
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """Give the decoded JSON body, or None when it is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None


@dataclass
class Answer:
    """What to send: `body` is JSON-encoded unless it is bytes. `delivery` is how to spoil it."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delivery: str = "whole"
    params: dict[str, Any] = field(default_factory=dict)

    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if self.body is None:
            return b""
        return json.dumps(self.body, separators=(",", ":")).encode()


class Exchange(http.server.BaseHTTPRequestHandler):
    """One connection: read a request, ask the sandbox, deliver its answer, again."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: Server

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or len(self.raw_requestline) > 65536:
                self.close_connection = True
                return
            if not self.parse_request():
                return
            request = self._read_request()
            if request is None:
                return
            self._deliver(self._ask(request), request.method)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing: request lines can carry passwords and keys in their query string."""

    def _read_request(self) -> Request | None:
        length_text = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length_text.isdecimal():
            self.close_connection = True
            self._send(411, b"", {}, "text/plain")
            return None
        if int(length_text) > _LARGEST_BODY:
            self.close_connection = True
            self._send(413, b"", {}, "text/plain")
            return None
        body = self.rfile.read(int(length_text))
        if len(body) < int(length_text):
            raise ConnectionResetError("the request stopped in the middle")
        # Not self.path: the library folds two leading slashes into one.
        target = self.requestline.split()[1]
        parts = urlsplit("//sandbox" + target if target.startswith("/") else target)
        return Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            peer=str(self.client_address[0]),
            target=target,
        )

    def _ask(self, request: Request) -> Answer:
        try:
            return self.server.respond(request)
        except Exception:
            if not self.server.stopping.is_set():
                traceback.print_exc(file=sys.stderr)
            return Answer(500, {"reason": "500", "message": ["The sandbox itself failed"]})

    def _deliver(self, answer: Answer, method: str) -> None:
        payload = answer.payload()
        if answer.delivery == "whole":
            self._send(answer.status, payload, answer.headers, answer.content_type, method)
            return
        if answer.delivery == "events":
            self._stream(answer)
            return
        self.close_connection = True
        seconds = float(answer.params.get("seconds", 30))
        if answer.delivery == "lost_reply":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif answer.delivery == "reset":
            self._reset()
        elif answer.delivery == "silence":
            self.server.stopping.wait(seconds)
        elif answer.delivery == "truncated":
            head = self._head(answer.status, len(payload), answer.headers, answer.content_type)
            self.connection.sendall(head + payload[: len(payload) // 2])
        elif answer.delivery == "trickle":
            head = self._head(answer.status, len(payload), answer.headers, answer.content_type)
            self._trickle(head, payload, seconds)
        elif answer.delivery == "huge":
            self._pour(answer, payload)

    def _send(
        self,
        status: int,
        payload: bytes,
        headers: dict[str, str],
        content_type: str,
        method: str = "GET",
    ) -> None:
        head = self._head(status, len(payload), headers, content_type)
        self.connection.sendall(head if method == "HEAD" else head + payload)

    def _head(
        self, status: int, length: int | None, headers: dict[str, str], content_type: str
    ) -> bytes:
        reason = _REASONS.get(status, ("Status",))[0]
        lines = [f"HTTP/1.1 {status} {reason}", f"Date: {self.date_time_string()}"]
        lines.append(f"Content-Type: {content_type}")
        if length is None:
            lines.append("Transfer-Encoding: chunked")
        else:
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _reset(self) -> None:
        # Linger of zero makes close() send RST instead of FIN. The makefile() objects hold the
        # descriptor open, so they have to go first.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()

    def _stream(self, answer: Answer) -> None:
        """Send frames, one at a time, as chunks; stop early when the program does."""
        head = self._head(answer.status, None, answer.headers, answer.content_type)
        self.connection.sendall(head)
        for frame in answer.params["frames"]:
            self.connection.sendall(b"%x\r\n%b\r\n" % (len(frame), frame))
            if self.server.stopping.wait(answer.params["pause_seconds"]):
                self.close_connection = True
                return
        self.connection.sendall(b"0\r\n\r\n")

    def _trickle(self, head: bytes, payload: bytes, seconds: float) -> None:
        self.connection.sendall(head)
        steps = max(1, min(len(payload), 600))
        size = -(-len(payload) // steps)
        for start in range(0, len(payload), size):
            self.connection.sendall(payload[start : start + size])
            if self.server.stopping.wait(seconds / steps):
                return

    def _pour(self, answer: Answer, payload: bytes) -> None:
        """Send the JSON, then blanks until `megabytes` are reached or the client has enough."""
        total = int(float(answer.params.get("megabytes", 64)) * 1024 * 1024)
        chunked = bool(answer.params.get("chunked"))
        length = None if chunked else max(total, len(payload))
        self.connection.sendall(
            self._head(answer.status, length, answer.headers, answer.content_type)
        )
        block, sent = payload, 0
        while sent < total and not self.server.stopping.is_set():
            framed = b"%x\r\n%b\r\n" % (len(block), block) if chunked else block
            self.connection.sendall(framed)
            sent += len(block)
            block = b" " * min(65536, max(1, total - sent))
        if chunked:
            self.connection.sendall(b"0\r\n\r\n")

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return  # reset on purpose: nothing is left to flush


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection; all of them end with the process."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, host: str, port: int, respond: Callable[[Request], Answer]) -> None:
        self.respond = respond
        self.stopping = threading.Event()
        super().__init__((host, port), Exchange)

    def pause(self, seconds: float) -> None:
        """Wait without holding up a stop."""
        self.stopping.wait(max(0.0, seconds))

    def shutdown_request(self, request: Any) -> None:
        try:
            super().shutdown_request(request)
        except OSError:
            return

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is everyday life here; anything else is worth a trace."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError | ValueError):
            traceback.print_exc(file=sys.stderr)
