"""Tells the admins, once, when the month's quota or most of the month's money is gone."""

import logging
from datetime import datetime

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.mail import send_mail
from django.utils.formats import date_format

from portal.usage.models import Allowance

log = logging.getLogger(__name__)

# Shares of the budget at which a mail goes out, highest first.
WARN_AT = (1.0, 0.8)
MONTH_SECONDS = 31 * 24 * 3600


def quota_used_up(allowance: Allowance, endpoint: str, until: datetime) -> None:
    """Enphase answered that a monthly limit is used up; work that needs it is paused."""
    _tell_admins(
        allowance,
        key=f"quota:{allowance.month}:{endpoint}",
        subject="The monthly quota at Enphase is used up",
        text=(
            f"Enphase takes no more “{endpoint}” requests until {date_format(until, 'j F')}.\n\n"
            "Changes that need it are paused and go on by themselves then. "
            "Reading shows the last copy."
        ),
    )


def money_spent(allowance: Allowance, before_mills: int, budget_mills: int) -> None:
    """Warn when this hit took the month's money past a step of the budget."""
    for share in WARN_AT:
        step = budget_mills * share
        if before_mills < step <= allowance.month_cost_mills:
            _tell_admins(
                allowance,
                key=f"budget:{allowance.month}:{share}",
                subject=f"{share:.0%} of the month's budget for Enphase is spent",
                text=(
                    f"${allowance.month_cost_mills / 1000:,.2f} of ${budget_mills / 1000:,.2f} "
                    "is spent. Sweeps and bulk runs stop a tenth before the end; people go on "
                    "until it is reached."
                ),
            )
            return


def _tell_admins(allowance: Allowance, *, key: str, subject: str, text: str) -> None:
    """One mail a month and cause, to the admins of every company on this application."""
    if not cache.add(f"usage-alert:{allowance.pk}:{key}", 1, MONTH_SECONDS):
        return
    admins = get_user_model().objects.filter(
        is_active=True,
        memberships__role="admin",
        memberships__company__account__application=allowance.application_id,
    )
    for email in admins.values_list("email", flat=True).distinct():
        try:
            send_mail(f"Ridgeline: {subject}", text, None, [email])
        except OSError as error:
            log.warning("An alert could not be mailed (%s)", type(error).__name__)
