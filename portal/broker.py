"""The embedded broker: messages as files in a folder, whole or not there at all.

Kombu's own file transport opens a message under its final name and writes it afterwards; a worker
that looks in between takes an empty file, cannot read it, and ends. Here a message is written
under another name and then renamed, which the file system does in one step.
"""

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Puts messages atomically; everything else is Kombu's."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        unfinished = folder / f".{uuid.uuid4()}.unfinished"
        try:
            unfinished.write_bytes(dumps(payload).encode())
            unfinished.replace(folder / name)
        except OSError as error:
            raise ChannelError(f"Cannot add file {name!r} to directory") from error


class Transport(filesystem.Transport):
    Channel = Channel


def install() -> None:
    """Let "filesystem://" mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = "portal.broker:Transport"
