"""The portal's own settings, with what tests need to differ.

SQLite by default, PostgreSQL by DATABASE_URL. TESTS_LIVE=1 is for the processes that browser and
broker tests start: they queue real messages and serve the built files, as in production.
"""

import atexit
import base64
import os
import shutil
import tempfile
from pathlib import Path

_live = os.environ.get("TESTS_LIVE") == "1"


def _own_folder() -> str:
    """A folder of this process alone: several test runs share this machine."""
    folder = tempfile.mkdtemp(prefix="ridgeline-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


# Given outright, so that neither a `.env` nor the shell of a developer reaches the tests.
os.environ.update(
    SECRET_KEY="only for tests: " + "0123456789" * 5,
    FIELD_KEYS=base64.urlsafe_b64encode(b"only for tests, 32 bytes of key.").decode(),
    DEBUG="0",
    INSECURE_COOKIES="1",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    DATABASE_POOL="0",
    CACHE_URL="",
    LOG_LEVEL="WARNING",
    LOG_JSON="0",
    ENPHASE_API_KEY="sandbox-key",
    ENPHASE_CLIENT_ID="sandbox-client",
    ENPHASE_CLIENT_SECRET="sandbox-secret",
)
if not _live:
    os.environ.update(
        VAR_DIR=_own_folder(),
        # Nothing listens there. Tests that talk to Enphase ask for the fixture `world`.
        ENPHASE_API_URL="http://127.0.0.1:9",
        CELERY_BROKER_URL="filesystem://",
    )

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES, LOGGING, PASSWORD_HASHERS, STORAGES, VAR_DIR  # noqa: E402

if not _live:
    # A file, because browser and broker tests share the database with other processes.
    if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        DATABASES["default"]["TEST"] = {"NAME": str(Path(VAR_DIR) / "test.sqlite3")}
    # WhiteNoise warns about a missing folder; views need none of the files in it.
    (Path(VAR_DIR) / "static").mkdir(exist_ok=True)
    CELERY_TASK_ALWAYS_EAGER = True
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Signing in a hundred times must not take a minute.
PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")
if _live:
    LOGGING["root"]["level"] = "INFO"
