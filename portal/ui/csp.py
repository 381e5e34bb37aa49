"""Headers of every page: the content security policy, and who may keep a copy.

Django 6 has a middleware and a setting of the same name (SECURE_CSP); when the portal moves
there, ContentSecurityPolicy goes and the setting stays.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

GetResponse = Callable[[HttpRequest], HttpResponse]

# The portal uses passkeys; of everything else a browser could hand out it wants nothing.
PERMISSIONS = (
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)"
)


class ContentSecurityPolicy:
    """Sends settings.SECURE_CSP with every answer, and the two headers Django does not know."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(settings.SECURE_CSP))
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class PrivatePages:
    """Nobody but the person's own browser keeps a page, and that only while it is shown.

    A view that sends its own Cache-Control (the event stream, a health answer) is left alone.
    A fragment and its page share an address, so caches must tell them apart by HX-Request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, ["HX-Request", "Cookie"])
        return response


def _policy(directives: dict[str, list[str]]) -> str:
    return "; ".join(f"{name} {' '.join(values)}".strip() for name, values in directives.items())
