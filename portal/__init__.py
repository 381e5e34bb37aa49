"""HOW: the platform that every page of Ridgeline stands on."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
