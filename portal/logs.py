"""Logs: one line an event, with secrets and personal data struck out before anything is written."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# What must never reach a sink, whatever a library puts into its message.
_SECRETS = re.compile(
    r"(?i)((?:access_token|refresh_token|password|client_secret|secret|token|key|code)=)[^&\s\"']+"
    r"|(bearer |basic )[a-z0-9._~+/=-]+"
    # Links that came by e-mail: invitation, confirmation of an address, new password.
    r"|(/(?:join|confirm-email|reset/key)/)[^/\s\"'?]+"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def redact(text: str) -> str:
    """The text without tokens, credentials and e-mail addresses."""
    text = _SECRETS.sub(lambda hit: f"{hit[1] or hit[2] or hit[3]}[struck out]", text)
    return _EMAIL.sub("[e-mail]", text)


def _redact_event(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event


def config(*, level: str, json: bool) -> dict[str, Any]:
    """Logging settings: structlog for us and for every library, JSON lines or plain text."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _redact_event,
                    renderer,
                ],
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # urllib3 writes whole addresses at DEBUG; the token endpoint has credentials in them.
            "urllib3": {"level": "WARNING"},
            "kombu": {"level": "ERROR"},
            "celery": {"level": "WARNING"},
            "django_structlog": {"level": "WARNING"},
        },
    }
