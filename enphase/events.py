"""Server-sent events: cuts a `text/event-stream` into the data of its events."""

MAX_EVENT_BYTES = 1024 * 1024


class EventReader:
    """Gets bytes piece by piece, however they were cut, and gives the data of whole events.

    As the HTML standard says: lines end with LF, CR or both; `data:` with or without a space;
    several of them make one text; comments and other fields are left out; so is an event that was
    broken off. ValueError for an event of more than 1 MiB.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._first = True

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that this piece completed."""
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            self._after_cr = False
        if piece:
            self._after_cr = piece.endswith(b"\r")
        found: list[bytes] = []
        *lines, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._line += line
            self._end_of_line(found)
        self._line += rest
        if len(self._line) + self._size > MAX_EVENT_BYTES:
            raise ValueError("an event is too large")
        return found

    def _end_of_line(self, found: list[bytes]) -> None:
        line = bytes(self._line)
        self._line.clear()
        if self._first:
            line = line.removeprefix(b"\xef\xbb\xbf")
            self._first = False
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
                self._size += len(value) + 1
        elif self._data:
            found.append(b"\n".join(self._data))
            self._data.clear()
            self._size = 0
