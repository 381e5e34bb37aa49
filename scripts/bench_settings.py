"""The portal's settings for `make bench`, with Django's admin over the same table beside it."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS, STORAGES

INSTALLED_APPS.append("django.contrib.admin")
ROOT_URLCONF = "scripts.bench_urls"
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
