"""The Celery application. Messages are doorbells: they carry ids, never work itself."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_ready

from portal import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
broker.install()

app = Celery("ridgeline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)


@setup_logging.connect
def keep_our_logging(**details: Any) -> None:
    """Somebody listening here is what stops Celery from adding handlers and levels of its own."""


@worker_ready.connect
def say_worker_ready(sender: Any, **details: Any) -> None:
    """The line that the demo, tests and operators wait for."""
    log.info("worker ready: %s", sender.hostname)


@beat_init.connect
def say_beat_ready(sender: Any, **details: Any) -> None:
    log.info("beat ready")
