"""What must be right before the portal starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from enphase import Application
from enphase.application import checked_base_url


@register
def enphase_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The address is https (or this machine), and the credentials can travel in a header."""
    problems: list[CheckMessage] = []
    try:
        checked_base_url(settings.ENPHASE_API_URL)
    except ValueError as error:
        problems.append(Error(str(error), hint="Set ENPHASE_API_URL.", id="connections.E001"))
    try:
        Application(
            settings.ENPHASE_API_KEY, settings.ENPHASE_CLIENT_ID, settings.ENPHASE_CLIENT_SECRET
        )
    except ValueError as error:
        problems.append(Error(str(error), hint="Set ENPHASE_*.", id="connections.E002"))
    return problems
