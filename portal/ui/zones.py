"""Times are shown in the zone of whoever looks; on the pages of a site in the site's own."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

# Set by portal.js from the browser's own settings; without script, times are UTC and say so.
COOKIE = "tz"


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of an IANA or older name ("US/Pacific"), or None for anything else."""
    try:
        return ZoneInfo(name) if name and len(name) <= 64 else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class ViewerZone:
    """Activates the viewer's zone for the request; views of a site activate another."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = zone_named(request.COOKIES.get(COOKIE, ""))
        if zone is not None:
            timezone.activate(zone)
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()
