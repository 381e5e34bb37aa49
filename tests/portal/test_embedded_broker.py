"""The folder that stands in for a broker: a message is whole, or it is not there."""

import threading
from queue import Empty

from kombu import Connection

from portal import broker


def test_a_reader_never_meets_half_a_message(tmp_path):
    broker.install()
    folder = str(tmp_path / "queue")
    options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": str(tmp_path / "control"),
        "processed_folder": str(tmp_path / "processed"),
    }
    (tmp_path / "queue").mkdir()
    wanted, got = 400, []
    with Connection("filesystem://", transport_options=options) as connection:
        assert isinstance(connection.transport, broker.Transport)
        writer, reader = connection.channel(), connection.channel()

        def write():
            for number in range(wanted):
                writer._put("bell", {"number": number})

        thread = threading.Thread(target=write)
        thread.start()
        for _ in range(200_000):
            try:
                got.append(reader._get("bell")["number"])
            except Empty:
                if not thread.is_alive() and len(got) == wanted:
                    break
        thread.join(timeout=10)
    assert sorted(got) == list(range(wanted))
