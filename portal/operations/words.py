"""What the API says, in the words of a person: what is true, then what to do."""

from django.utils import timezone
from django.utils.formats import date_format

from enphase import EnphaseError, RateLimited, Rejected

# (part of the API's text, lower case) -> sentence. The first that fits wins.
_TEXTS: list[tuple[str, str]] = [
    (
        "system not yet communicated",
        "The gateway has never reported. Check its internet connection, then try again.",
    ),
    (
        "no active envoys present",
        "This system has no active gateway. Add one, then retry.",
    ),
    (
        "pv only site",
        "Battery mode needs an Enphase battery, and this site has none.",
    ),
    (
        "have encharge",
        "This needs an Enphase battery, and this site has none.",
    ),
    (
        "less than vls",
        "The reserve cannot be below the shutdown level of the battery. Choose a higher one.",
    ),
    (
        "soc_low is mandatory",
        "This mode needs the charge at which the load goes off. Enter it, then retry.",
    ),
    (
        "devices are present",
        "Devices are still on this system. Remove them, then delete it.",
    ),
    (
        "stage must be less than 3",
        "This system has passed stage 2. Enphase deletes systems in stage 1 and 2 only.",
    ),
    (
        "stage must be greater than 2",
        "Production can be switched from stage 3 on. This system is not there yet.",
    ),
    (
        "address is mandatory",
        "Sites of a company in the United States need the whole address. Add it, then retry.",
    ),
    (
        "email has already been registered",
        "This e-mail address already belongs to an Enphase user. Search for it instead.",
    ),
    (
        "api key",
        "Enphase does not accept this portal's API key. Ask the person who runs Ridgeline.",
    ),
]

NO_ACCESS = "Your company has no access to this. Ask its installer to add you."
NOT_SURE = "We are not sure it worked. Checking before anything is sent again."
NOT_SURE_CREATE = "We are not sure it worked. Checking by reference before anything is sent again."
UNREACHABLE = "Enphase cannot be reached right now. Nothing was sent; we keep trying."
RECONNECT = (
    "Enphase no longer accepts this company's connection. Connect it again; this change waits."
)


def explain(error: EnphaseError) -> str:
    """One sentence or two for a person; never a code, never the vendor's internals."""
    if isinstance(error, RateLimited):
        return explain_limit(error)
    if isinstance(error, Rejected):
        said = " ".join(error.texts).lower()
        for part, sentence in _TEXTS:
            if part in said:
                return sentence
        if error.status in (401, 403):
            return NO_ACCESS
        if error.status == 404:
            return "Enphase does not know this any more. Refresh the page to see what is there."
        if error.status in (405, 501):
            return "Enphase does not offer this any more. Nothing was changed."
        if error.texts:
            return f"Enphase refused it: {error.texts[0].rstrip('.')}."
        return "Enphase refused it without a reason. Nothing was changed."
    return UNREACHABLE


def explain_limit(error: RateLimited) -> str:
    """When it goes on, for the minute's and the month's limit."""
    when = error.retry_at
    if "budget" in str(error):
        return "The month's budget for Enphase is used up. An admin can raise it; this waits."
    if error.period == "month":
        until = f" until {date_format(when, 'j F')}" if when else " until next month"
        return f"The monthly quota is used up{until}. Reading shows the last copy."
    limit = f"{error.limit} hits" if error.limit else "hits"
    at = f" Continues at {timezone.localtime(when):%H:%M:%S}." if when else ""
    return f"Your {limit} a minute are used up.{at}"


def raw(error: EnphaseError) -> str:
    """The API's own words, for the folded part of the page."""
    if isinstance(error, Rejected):
        return f"{error.status}: " + "; ".join(error.texts)
    return str(error)
