"""The only settings module. What differs between machines comes from the environment.

Every variable may also come from a file: `SECRET_KEY_FILE=/run/secrets/key` is read when
`SECRET_KEY` itself is absent. docs/operations.md lists them all.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from portal import logs

BASE_DIR = Path(__file__).resolve().parent.parent


class FileEnv(environ.FileAwareEnv):
    """Environment whose values may live in files named by NAME_FILE."""


env = FileEnv()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY (or SECRET_KEY_FILE) to a long random text.")
# Newest first: the first key seals, every key may open. `manage.py rotate_keys` seals anew.
FIELD_KEYS = env.list("FIELD_KEYS", default=[])
if not FIELD_KEYS:
    raise ImproperlyConfigured("Set FIELD_KEYS to one or more Fernet keys, newest first.")
# Signs the audit chain; a change of it makes older events fail `manage.py verify_audit`.
AUDIT_KEY = env.str("AUDIT_KEY", default=SECRET_KEY)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "django_countries",
    "django_htmx",
    "portal.ui",
    "portal.users",
    "portal.usage",
    "portal.connections",
    "portal.operations",
    "companies",
    "companies.homeowners",
    "companies.staff",
    "activations",
    "activations.catalog",
    "activations.snapshots",
    "activations.arrays",
    "activations.controls",
    "activations.devices",
    "activations.estimates",
    "activations.evchargers",
    "activations.imports",
    "activations.meters",
    "activations.tariffs",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.ui.csp.ContentSecurityPolicy",
    "portal.ui.csp.PrivatePages",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Every page needs a signed-in person unless its view says login_not_required.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "portal.users.middleware.SecondFactor",
    "companies.middleware.CurrentCompany",
    "portal.ui.zones.ViewerZone",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"
FORM_RENDERER = "portal.ui.forms.RidgelineRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["portal.ui.templatetags.ridgeline"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.ui.context.chrome",
            ],
        },
    }
]

# ------------------------------------------------------------------ database, cache, tasks
DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'ridgeline.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE and WAL: web, workers and beat write at once without "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728; "
            "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16000; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = env.bool("DATABASE_POOL", default=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by all processes, because allauth's sign-in limits must count across them.
if cache_url := env.str("CACHE_URL", default=""):
    CACHES = {"default": env.cache_url_config(cache_url)}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "portal_cache",
        }
    }

# The plan that Enphase bills: limits (0 for none) and money in thousandths of a dollar.
USAGE_PLAN = {
    "per_minute": env.int("USAGE_PER_MINUTE", default=300),
    "per_month": env.int("USAGE_PER_MONTH", default=1_500_000),
    "writes_per_month": env.int("USAGE_WRITES_PER_MONTH", default=200),
    "included_hits": env.int("USAGE_INCLUDED_HITS", default=10_000),
    "hit_mills": env.int("USAGE_HIT_MILLS", default=5),
    "budget_mills": env.int("USAGE_BUDGET_MILLS", default=0),
}

# Seconds. Waits between look-ups of a lost reply, and between polls of a gateway; the scale
# shortens all of them for rehearsals and tests.
OPERATIONS_LEASE_SECONDS = env.float("OPERATIONS_LEASE_SECONDS", default=300.0)
OPERATIONS_TIME_SCALE = env.float("OPERATIONS_TIME_SCALE", default=1.0)
OPERATIONS_SWEEP_SECONDS = env.float("OPERATIONS_SWEEP_SECONDS", default=5.0)

# Bulk runs on more systems, or of more hits, wait for a second admin.
BULK_APPROVAL_SYSTEMS = env.int("BULK_APPROVAL_SYSTEMS", default=25)
BULK_APPROVAL_HITS = env.int("BULK_APPROVAL_HITS", default=500)

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
if CELERY_BROKER_URL.startswith("filesystem"):
    _broker = {name: VAR_DIR / "broker" / name for name in ("queue", "control", "processed")}
    for _folder in _broker.values():
        _folder.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "polling_interval": 0.05,
        "data_folder_in": str(_broker["queue"]),
        "data_folder_out": str(_broker["queue"]),
        "control_folder": str(_broker["control"]),
        "processed_folder": str(_broker["processed"]),
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "operations": {
        "task": "portal.operations.tasks.sweep_operations",
        "schedule": OPERATIONS_SWEEP_SECONDS,
        "options": {"queue": "interactive", "expires": OPERATIONS_SWEEP_SECONDS},
    },
    "runs": {
        "task": "portal.operations.tasks.sweep_runs",
        "schedule": OPERATIONS_SWEEP_SECONDS,
        "options": {"queue": "interactive", "expires": OPERATIONS_SWEEP_SECONDS},
    },
    "previews": {
        "task": "portal.operations.tasks.forget_previews",
        "schedule": 24 * 3600.0,
        "options": {"queue": "sync"},
    },
    "tokens": {
        "task": "portal.connections.tasks.refresh_tokens",
        "schedule": 60.0,
        "options": {"queue": "sync", "expires": 60},
    },
    "hits": {
        "task": "portal.usage.tasks.forget_old_hits",
        "schedule": 24 * 3600.0,
        "options": {"queue": "sync"},
    },
    "activations": {
        "task": "activations.tasks.sweep_due_companies",
        "schedule": 60.0,
        "options": {"queue": "sync", "expires": 60},
    },
    "imports": {
        "task": "activations.imports.tasks.look_after_uploads",
        "schedule": 300.0,
        "options": {"queue": "bulk", "expires": 300},
    },
    "catalog": {
        "task": "activations.catalog.tasks.refresh_due_catalogues",
        "schedule": 3600.0,
        "options": {"queue": "sync", "expires": 3600},
    },
    "companies": {
        "task": "companies.tasks.read_due_companies",
        "schedule": 3600.0,
        "options": {"queue": "sync", "expires": 3600},
    },
}

# ------------------------------------------------------------------ Enphase
ENPHASE_API_URL = env.str("ENPHASE_API_URL", default="http://127.0.0.1:8001").rstrip("/")
ENPHASE_API_KEY = env.str("ENPHASE_API_KEY", default="")
ENPHASE_CLIENT_ID = env.str("ENPHASE_CLIENT_ID", default="")
ENPHASE_CLIENT_SECRET = env.str("ENPHASE_CLIENT_SECRET", default="")
# Everything that is not the vendor's own address is labelled as a sandbox on every page.
ENPHASE_IS_SANDBOX = "enphaseenergy.com" not in ENPHASE_API_URL
# Last letter of every reference we stamp; keeps a staging portal from adopting production rows.
ENVIRONMENT_LETTER = env.str("ENVIRONMENT_LETTER", default="S" if ENPHASE_IS_SANDBOX else "P")
if ENVIRONMENT_LETTER not in {"P", "S", "D"}:
    raise ImproperlyConfigured("ENVIRONMENT_LETTER must be P, S or D.")

# ------------------------------------------------------------------ sign-in
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["companies.access.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.users.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Ridgeline: "
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
# Company admins and support staff need a second factor; the demo on this machine does not ask.
REQUIRE_SECOND_FACTOR = env.bool(
    "REQUIRE_SECOND_FACTOR", default=not env.bool("INSECURE_COOKIES", default=DEBUG)
)
MFA_ADAPTER = "portal.users.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Ridgeline"
# A phone's clock may be half a minute off; one code before and after the present one is taken.
MFA_TOTP_TOLERANCE = 1
# WebAuthn needs a domain; browsers accept http on localhost only, which the demo uses.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = env.bool("INSECURE_COOKIES", default=DEBUG)
USERSESSIONS_TRACK_ACTIVITY = False
SOCIALACCOUNT_ADAPTER = "portal.users.adapters.SocialAccountAdapter"
SOCIALACCOUNT_STORE_TOKENS = True
SOCIALACCOUNT_PROVIDERS = {
    "enphase": {
        "APPS": [{"client_id": ENPHASE_CLIENT_ID, "secret": ENPHASE_CLIENT_SECRET, "key": ""}]
    }
}
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Ridgeline <ridgeline@example.com>")

# For how long after activation changing the owner is free at Enphase. A convention of its transfer
# of ownership: the API tells neither the time nor a price, so set what your agreement says.
OWNER_CHANGE_FREE_MONTHS = env.int("OWNER_CHANGE_FREE_MONTHS", default=6)
OWNER_CHANGE_LATER = env.str(
    "OWNER_CHANGE_LATER", default="After that Enphase may charge a fee for the transfer."
)

# ------------------------------------------------------------------ browser security
# Plain http is only for the demo on this machine; everything else gets Secure cookies and HSTS.
INSECURE_COOKIES = env.bool("INSECURE_COOKIES", default=DEBUG)
SESSION_COOKIE_NAME = "sessionid" if INSECURE_COOKIES else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if INSECURE_COOKIES else "__Host-csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"
SECURE_SSL_REDIRECT = not INSECURE_COOKIES
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if INSECURE_COOKIES else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_COOKIES
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.int("TRUSTED_PROXY_COUNT", default=0):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}

# ------------------------------------------------------------------ files, language, time
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static" / "build"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# ------------------------------------------------------------------ logs
LOGGING = logs.config(
    level=env.str("LOG_LEVEL", default="INFO"), json=env.bool("LOG_JSON", default=not DEBUG)
)
DJANGO_STRUCTLOG_CELERY_ENABLED = False
# WhiteNoise warns about a folder that is not there yet.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
