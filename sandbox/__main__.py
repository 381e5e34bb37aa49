"""Start a sandbox: python -m sandbox --port 8001 [--systems N] [--plan NAME] [--fast]."""

from __future__ import annotations

import argparse
import pathlib
import signal
import sys
import tempfile
import threading
from types import FrameType

from sandbox import world
from sandbox.app import Sandbox
from sandbox.settings import PLANS
from sandbox.store import Store
from sandbox.wire import Server


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        path = options.world or str(pathlib.Path(folder) / "world.sqlite3")
        store = Store(path)
        world.ensure(store, options.systems, options.fast, options.plan)
        sandbox = Sandbox(
            store,
            systems=options.systems or world.DEMO_SYSTEMS,
            fast=options.fast,
            plan=options.plan or "partner",
            pause=lambda seconds: server.pause(seconds),
        )
        try:
            server = Server(options.host, options.port, sandbox.respond)
        except OSError as error:
            print(f"Cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
            return 1
        _stop_on_signal(server)
        print(f"Sandbox ready on http://{options.host}:{server.server_address[1]}", flush=True)
        server.serve_forever(poll_interval=0.1)
        server.stopping.set()
        server.server_close()
        store.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="0 picks a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--world", metavar="FILE", help="SQLite file; a temporary one by default")
    parser.add_argument("--systems", type=int, metavar="N", help="size of a new demo world")
    parser.add_argument("--plan", choices=PLANS, help="what the application may ask, and how much")
    parser.add_argument("--fast", action="store_true", help="tasks of gateways take a second")
    return parser.parse_args()


def _stop_on_signal(server: Server) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # shutdown() waits for the loop, which runs in this very thread.
        server.stopping.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    raise SystemExit(main())
