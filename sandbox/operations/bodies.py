"""Reading request bodies the way the vendor takes them: form with JSON inside, or wrapped JSON."""

from __future__ import annotations

import json
from typing import Any

from sandbox.wire import Request


def wrapped(request: Request, name: str) -> dict[str, Any] | None:
    """Give the object under `name`, or None when it is not there or no object.

    Taken from `name=<JSON>` in a form, or from {"name": {...}} in JSON.
    """
    form = request.form()
    value: Any
    if form:
        value = form.get(name)
    else:
        body = request.json()
        value = body.get(name) if isinstance(body, dict) else None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, dict) else None
