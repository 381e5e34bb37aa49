"""Live data, as a stream of events."""

import contextlib
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from enphase.endpoints import Timeouts
from enphase.errors import EnphaseError, OutcomeUnknown, live_error
from enphase.events import EventReader
from enphase.exchange import Stream
from enphase.records import LiveFrame
from enphase.resources.base import Resource
from enphase.transport import parse_json

logger = logging.getLogger(__name__)

MIN_SECONDS, MAX_SECONDS = 30, 300
# For the gateway to be reached, and for the last values to arrive.
MARGIN_SECONDS = 30.0


class LiveStream:
    """Frames as they come, about one a second; ends with the time asked for. A context manager.

    `close()` ends it at once, from any thread; so does leaving the `with`, and forgetting the
    object. The iteration raises of the family `LiveError` when Enphase says in the stream that it
    cannot go on, and `OutcomeUnknown` when it breaks off, or ends without one frame.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._frames = _frames(stream)

    def close(self) -> None:
        """Let go of the connection. What was asked for is paid for all the same."""
        self._stream.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LiveFrame:
        return next(self._frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


class Live(Resource):
    """`client.live`."""

    def stream_live_data(self, system_id: int, duration: int = MIN_SECONDS) -> LiveStream:
        """Stream the powers of a site (W) for `duration` seconds, 30 to 300. Costs $0.10 a call.

            with client.live.stream_live_data(701, duration=60) as frames:
                for frame in frames: ...

        Connects at once, and is never repeated. `LiveRefused` when the system, its gateway or its
        meters cannot do it, `LiveUnavailable` when Enphase cannot at the moment; see `errors` for
        the family. `systems.search_systems(live_stream=True)` tells for nothing more than a hit
        whether a system can. ValueError for another duration. Operation stream_live_data.
        """
        if type(duration) is not int or not MIN_SECONDS <= duration <= MAX_SECONDS:
            raise ValueError("duration is a whole number of seconds between 30 and 300.")
        longest = duration + MARGIN_SECONDS
        stream = self._transport.open(
            "stream_live_data",
            path={"system_id": system_id},
            headers={"duration": str(duration)},
            timeouts=Timeouts(read=longest, deadline=longest),
        )
        return LiveStream(stream)


def _frames(stream: Stream) -> Iterator[LiveFrame]:
    reader = EventReader()
    some = False
    for piece in stream:
        failure: EnphaseError | None = None
        try:
            events = reader.feed(piece)
        except ValueError:
            events = []
            failure = OutcomeUnknown("The live data hold an event without end.", stream.status)
        for event in events:
            body, _ = parse_json(event)
            failure = _error_in(body)
            if failure is not None:
                break
            try:
                frame = LiveFrame.from_api(body)
            except ValueError:
                logger.warning("stream_live_data: an event is no frame")
                continue
            some = True
            yield frame
        if failure is not None:
            stream.close()
            raise failure
    if stream.ended and not some:
        raise OutcomeUnknown("The live data ended without a single value.", stream.status)


def _error_in(body: Any) -> EnphaseError | None:
    """Return the error that an event of the stream tells about; None for any other event."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code = error.get("code")
    return live_error(code if type(code) is int else 0, body, datetime.now(UTC))
