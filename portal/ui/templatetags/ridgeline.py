"""Template tags of the portal's look; a builtin of every template (settings.TEMPLATES).

Small marks that lists repeat by the hundred are made here and not in includes: a page of 50
rows has about 300 of them.
"""

from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.ui import vocabulary
from portal.ui.vocabulary import QUIET, STAGES, Look

register = template.Library()


@cache
def sprite_url() -> str:
    """Address of the icons; one file, cached for ever by browsers, named by its content."""
    return static("icons.svg")


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """`{% icon "pin" %}`, `{% icon "check" "i--14" %}`; never the only sign of anything."""
    return _drawn(name, css)


# The names are the templates' own: a page draws thirty of about eighty icons.
@lru_cache(maxsize=512)
def _drawn(name: str, css: str) -> SafeString:
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        f" {css}" if css else "",
        sprite_url(),
        name,
    )


@register.simple_tag
def remembered(template_name: str, links: Any = ()) -> SafeString:
    """A part of the frame that depends on nothing but `links`, drawn once for each set of them.

    Every page has it, and drawing it takes longer than reading 50 rows.
    """
    if settings.DEBUG:
        return _remembered.__wrapped__(template_name, tuple(links))
    return _remembered(template_name, tuple(links))


@lru_cache(maxsize=512)
def _remembered(template_name: str, links: tuple[Any, ...]) -> SafeString:
    return mark_safe(render_to_string(template_name, {"links": links}))  # noqa: S308 - escaped there


# ------------------------------------------------------------------ pills, stages, costs
@register.simple_tag
def pill(tone: str, icon: str, text: Any, quiet: bool = False) -> SafeString:
    """A state: mark and words always, colour as the third sign. A spinner turns by itself."""
    return format_html(
        '<span class="pill{}" data-tone="{}">{}{}</span>',
        " pill--quiet" if quiet else "",
        tone,
        _icon(icon, "spin" if icon == "spinner" else ""),
        text,
    )


@register.simple_tag
def status_pill(status: str | None) -> SafeString:
    """A key of the API or Enlighten's words; ok and off are drawn quiet."""
    look = vocabulary.status_look(status)
    return pill(look.tone, look.icon, look.text, look.tone in QUIET)


@register.simple_tag
def operation_pill(operation: Any) -> SafeString:
    """An operation, or the name of its state."""
    look = operation_look(operation)
    return pill(look.tone, look.icon, look.text)


@register.simple_tag
def task_pill(state: str, text: str = "") -> SafeString:
    look = vocabulary.TASK_LOOKS.get(state, vocabulary.TASK_LOOKS["todo"])
    return pill(look.tone, look.icon, text or look.text)


@register.simple_tag
def stage_rail(stage: Any) -> SafeString:
    """Five small bars; says nothing to assistive technology, so put the words beside it."""
    return format_html(
        '<span class="rail" data-stage="{}" aria-hidden="true">{}</span>', _stage(stage), _BARS
    )


@register.simple_tag
def stage(stage: Any) -> SafeString:
    """The rail with its words: "3 Verifying"."""
    return format_html(
        '<span class="stage">{}<span>{} {}</span></span>',
        stage_rail(stage),
        _stage(stage) or "–",
        stage_name(stage),
    )


@register.simple_tag
def cost(amount: Any) -> SafeString | str:
    """What an action spends, inside the control that spends it: "$2.00", "1 hit"."""
    return format_html('<span class="cost">{}</span>', amount) if amount else ""


@register.inclusion_tag("ui/stage_stepper.html")
def stage_stepper(stage: Any, notes: dict[int, str] | None = None) -> dict[str, Any]:
    """The five stages of one site. `notes` says a few words below a stage: {3: "2 of 4 checks"}."""
    now = _stage(stage)
    steps = [
        {
            "number": number,
            "name": name,
            "note": (notes or {}).get(number, ""),
            "state": _step_state(number, now),
        }
        for number, name in STAGES.items()
    ]
    return {"steps": steps, "stage": now, "name": stage_name(now), "note": (notes or {}).get(now)}


# ------------------------------------------------------------------ time, serials, numbers
@register.simple_tag
def ago(when: datetime | None, short: bool = False) -> SafeString:
    """Relative under 24 hours, then the date; exact in `title`, for machines in `datetime`."""
    if when is None:
        return mark_safe('<span class="muted">never</span>')
    text = relative(when)
    return _time(when, text.removesuffix(" ago") if short else text)


@register.simple_tag
def exact(when: datetime | None, style: str = "j M Y, H:i") -> SafeString:
    """The date and time themselves, in the zone that is active; UTC says that it is."""
    if when is None:
        return mark_safe('<span class="muted">–</span>')
    local = timezone.localtime(when)
    zone = " UTC" if local.tzname() == "UTC" else ""
    return _time(when, date_format(local, style) + zone)


@register.simple_tag
def freshness(when: datetime | None, verb: str = "Synced", old_minutes: int = 60) -> SafeString:
    """How old what you see is: "Synced 4 min ago", with a grey dot once it is old."""
    if when is None:
        return format_html(
            '<span class="fresh"><span class="dot dot--old"></span>Never {}</span>', verb.lower()
        )
    old = (timezone.now() - when).total_seconds() > old_minutes * 60
    return format_html(
        '<span class="fresh"><span class="dot{}"></span><span>{} {}</span></span>',
        " dot--old" if old else "",
        verb,
        ago(when),
    )


@register.simple_tag
def serial(number: Any, match: str = "") -> SafeString:
    """Twelve digits in groups of four for the eye; copies as one number. `match` is made bold."""
    digits = str(number or "").strip()
    groups = [digits[start : start + 4] for start in range(0, len(digits), 4)]
    strong = bool(match) and digits.endswith(match)
    return format_html(
        '<span class="serial">{}</span>',
        format_html_join(
            "",
            "<span>{}</span>",
            (
                (format_html("<b>{}</b>", group) if strong and last else group,)
                for group, last in zip(groups, [False] * (len(groups) - 1) + [True], strict=True)
            ),
        )
        if groups
        else "–",
    )


@register.filter
def money(cents: Any) -> str:
    """Cents as dollars: 200 is "$2.00"."""
    if cents in (None, ""):
        return ""
    return f"${number_format(Decimal(cents) / 100, 2, use_l10n=True, force_grouping=True)}"


@register.filter
def mills(thousandths: Any) -> str:
    """Thousandths of a dollar: 2005 is "$2.005", 2000 is "$2.00"."""
    if thousandths in (None, ""):
        return ""
    dollars = Decimal(thousandths) / 1000
    places = 3 if thousandths % 10 else 2
    return f"${number_format(dollars, places, use_l10n=True, force_grouping=True)}"


@register.filter
def number(value: Any) -> str:
    """Thousands grouped: 64210 is "64,210"."""
    return "" if value in (None, "") else number_format(value, force_grouping=True)


@register.filter
def seconds(value: Any) -> str:
    """A span of seconds as "0:42" or "2:05:07"."""
    total = max(0, int(value or 0))
    minutes, rest = divmod(total, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


# ------------------------------------------------------------------ words
@register.filter
def stage_name(stage: Any) -> str:
    return STAGES.get(_stage(stage), "No stage")


@register.filter
def status_text(status: str | None) -> str:
    return vocabulary.status_look(status).text


@register.filter
def status_tone(status: str | None) -> str:
    return vocabulary.status_look(status).tone


@register.filter
def operation_look(operation: Any) -> Look:
    """Tone, icon and text of an operation or of the name of a state."""
    return vocabulary.operation_look(str(getattr(operation, "state", operation)))


@register.filter
def task_look(state: str) -> Look:
    return vocabulary.TASK_LOOKS.get(state, vocabulary.TASK_LOOKS["todo"])


@register.filter
def message_tone(level: str) -> Look:
    """Look of one of Django's messages, by its level tag."""
    return {
        "success": Look("ok", "ok", ""),
        "warning": Look("warn", "warn", ""),
        "error": Look("bad", "bad", ""),
    }.get(level, Look("info", "info", ""))


@register.filter
def relative(when: datetime) -> str:
    """ "just now", "4 min ago", "in 5 min", "12 Nov", "12 Nov 2025"."""
    now = timezone.now()
    passed = (now - when).total_seconds()
    distance = abs(passed)
    if distance < 45:
        return "just now" if passed >= 0 else "in a moment"
    if distance < 24 * 3600:
        amount = f"{round(distance / 60)} min"
        if distance >= 59.5 * 60:
            amount = f"{round(distance / 3600)} h"
        return f"{amount} ago" if passed > 0 else f"in {amount}"
    local = timezone.localtime(when)
    same_year = local.year == timezone.localtime(now).year
    return date_format(local, "j M" if same_year else "j M Y")


# ------------------------------------------------------------------ forms
@register.simple_tag
def error_list(form: Any = None, forms: Any = None) -> list[dict[str, str]]:
    """Every error of one form or of several, with the id of the control to go to."""
    problems = []
    for each in [*([form] if form else []), *(forms or [])]:
        for name, texts in getattr(each, "errors", {}).items():
            field = form_field(each, name)
            said = getattr(field, "said", str)
            target = _target(field) if field is not None else ""
            problems += [{"text": said(str(text)), "target": target} for text in texts]
    return problems


def form_field(form: Any, name: str) -> Any:
    """The field one can go to; None for what concerns the whole form or a hidden field."""
    return form[name] if name in form.fields and not form[name].is_hidden else None


def _target(field: Any) -> str:
    return f"{field.auto_id}_group" if field.use_fieldset else str(field.id_for_label)


# ------------------------------------------------------------------ inside
def _icon(name: str, css: str = "") -> SafeString:
    # `pill` has a parameter called icon, like the tag.
    return icon(name, css)


def _time(when: datetime, text: str) -> SafeString:
    local = timezone.localtime(when)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        when.isoformat(timespec="seconds"),
        f"{date_format(local, 'j F Y, H:i:s')} {local.tzname()}",
        text,
    )


def _stage(stage: Any) -> int:
    """1 to 5, or 0 when Enphase names none."""
    try:
        value = int(stage)
    except (TypeError, ValueError):
        return 0
    return value if value in STAGES else 0


def _step_state(number: int, now: int) -> str:
    # Stage 5 is the end: it is reached, not worked on.
    if number < now or number == now == max(STAGES):
        return "done"
    return "now" if number == now else "next"


_BARS = SafeString("<i></i>" * 5)
