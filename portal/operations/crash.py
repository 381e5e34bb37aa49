"""Named points where a rehearsal may kill the worker, to prove what survives."""

import os
import signal

# In the order an operation passes them. tests/portal/operations/test_crashes.py covers each.
POINTS = ("claimed", "intent", "sent", "replied", "recorded")


def crashpoint(name: str) -> None:
    """Die here by SIGKILL when the environment variable CRASHPOINT names this point."""
    if os.environ.get("CRASHPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
