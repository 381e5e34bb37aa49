"""What all records share: frozen, tolerant, nothing thrown away.

Rules for every field that Enphase may leave out, null, or send in another type than documented:

* missing, null and "" (Enphase's word for an unset number) read as None, or as an empty list
* a field of a type that cannot be read is left out of the record, as if it had not been sent, and
  named in `quarantined`: a mirror must not be blanked by one strange answer
* `model_fields_set` tells what was sent and could be read; `raw` is the object as it was received
* only ids are required; without them the whole record raises ValueError
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)

MILLISECONDS_FROM = 10**11  # as seconds this would be the year 5138


class Record(BaseModel):
    """An answer of Enphase, or an object inside one. Printing it shows ids only."""

    model_config = ConfigDict(
        frozen=True, extra="allow", coerce_numbers_to_str=True, allow_inf_nan=False
    )

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _quarantined: tuple[str, ...] = PrivateAttr(default=())

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it was received. Treat it as read-only."""
        return self._raw

    @property
    def quarantined(self) -> tuple[str, ...]:
        """Names of the fields that were sent but could not be read; they stand in `raw`."""
        return self._quarantined

    @classmethod
    def from_api(cls, data: Any) -> Self:
        """Read one object of an answer. ValueError if an id is missing or it is no object."""
        return cls.model_validate(data)

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Bring known oddities of one kind of object into shape. Must not change `data` itself."""
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _read_what_can_be_read(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        given = cls.evened_out(data)
        left_out: set[str] = set()
        try:
            record = handler(given)
        except ValidationError as error:
            left_out = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
            record = handler({key: given[key] for key in given if key not in left_out})
        record._raw = data
        record._quarantined = tuple(sorted(left_out))
        return record

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name in type(self).model_fields:
            if name == "id" or name.endswith("_id"):
                yield name, getattr(self, name)


R = TypeVar("R", bound=Record)


def _no_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


def _unset(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else _no_flag(value)


def _unset_flag(value: Any) -> Any:
    return None if value == "" else value


def _moment(value: Any) -> Any:
    """Epoch seconds (milliseconds too), ISO text or a plain date, as aware UTC."""
    value = _unset(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value.strip()):
        value = float(value)
    if isinstance(value, (int, float)):
        seconds = value / 1000 if abs(value) >= MILLISECONDS_FROM else value
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError) as error:
            raise ValueError("no point in time") from error
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if value is None:
        return None
    raise ValueError("no point in time")


def _day(value: Any) -> Any:
    moment = _moment(value)
    return moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment


def _site_day(value: Any) -> Any:
    """A calendar day of the site: YYYY-MM-DD, or YYYYMMDD, which is no point in time."""
    if isinstance(value, int) and not isinstance(value, bool) and 19_000_101 <= value < 30_000_101:
        value = str(value)
    if isinstance(value, str) and re.fullmatch(r"\d{8}", value.strip()):
        text = value.strip()
        return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    return _day(value)


def _percent(value: Any) -> Any:
    """97, "97" or "97%"."""
    return _unset(value.strip().removesuffix("%") if isinstance(value, str) else value)


def _switch(value: Any) -> Any:
    """True and false, or what Enphase calls enabled, disabled and "Enabled (Inactive)"."""
    folded = value.strip().casefold() if isinstance(value, str) else value
    if isinstance(folded, str) and folded.startswith(("enabled", "disabled")):
        return folded.startswith("enabled")
    return _unset_flag(folded)


def _word(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _series(value: Any) -> Any:
    """Numbers by day. One that cannot be read is None: without it all later days would shift."""
    if not isinstance(value, list):
        return [] if value in (None, "") else value
    return [_number_or_none(item) for item in value]


def _number_or_none(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 2**63 else None


def _texts(value: Any) -> Any:
    if value is None or value == "":
        return []
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return [value]
    if isinstance(value, list):
        return [item for item in value if item is not None]
    return value


def _list(value: Any) -> Any:
    return [] if value is None or value == "" else value


def _object(value: Any) -> Any:
    """An object, or None where Enphase sends null, "" or an empty list instead."""
    return None if value in (None, "", [], {}) else value


# A database's bigint: a number outside it is no id and no count.
Id = Annotated[int, Field(gt=0, lt=2**63), BeforeValidator(_no_flag)]
OptionalId = Annotated[Id | None, BeforeValidator(_unset)]
Whole = Annotated[Annotated[int, Field(gt=-(2**63), lt=2**63)] | None, BeforeValidator(_unset)]
Number = Annotated[float | None, BeforeValidator(_unset)]
Flag = Annotated[bool | None, BeforeValidator(_unset_flag)]
Text = str | None
Texts = Annotated[list[str], BeforeValidator(_texts)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Day = Annotated[date | None, BeforeValidator(_day)]
# Text of which Enphase's "" means unset; `Text` keeps it.
Word = Annotated[str | None, BeforeValidator(_word)]
SiteDay = Annotated[date | None, BeforeValidator(_site_day)]
Percent = Annotated[float | None, BeforeValidator(_percent)]
Switch = Annotated[bool | None, BeforeValidator(_switch)]
# Money and estimates come as decimal strings and keep every digit.
Exact = Annotated[Decimal | None, BeforeValidator(_unset)]
Series = Annotated[list[float | None], BeforeValidator(_series)]
AsList = BeforeValidator(_list)
AsId = BeforeValidator(_unset)
AsObject = BeforeValidator(_object)


def object_of(answer: Any) -> dict[str, Any]:
    """Return the answer if it is a JSON object; ValueError otherwise."""
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    return answer


def list_of(answer: Any, key: str) -> list[Any]:
    """Return the list under `key`; null counts as empty, a missing key raises ValueError."""
    found = object_of(answer).get(key, False)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(f"no list under {key}")
    return found


def rows_of(answer: Any, key: str, record: type[R]) -> tuple[list[R], list[Any]]:
    """Read the list under `key`: records, and the rows without a readable id as they came.

    ValueError if there is no list, or if it has rows and none of them can be read.
    """
    readable: list[R] = []
    unreadable: list[Any] = []
    for row in list_of(answer, key):
        try:
            readable.append(record.from_api(row))
        except ValueError:
            unreadable.append(row)
    if unreadable and not readable:
        raise ValueError(f"no row under {key} can be read")
    return readable, unreadable


def objects_in(value: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """Sort a list inside an answer: its objects, and whatever else stands in it.

    Anything but a list is one thing that cannot be read; null and "" are nothing.
    """
    if value is None or value == "" or value == {}:
        return [], []
    if not isinstance(value, list):
        return [], [value]
    objects = [item for item in value if isinstance(item, dict)]
    return objects, [item for item in value if not isinstance(item, dict)]


def renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a copy with fields under our names (theirs → ours). What has our name already wins."""
    copy: dict[str, Any] = {}
    for key, value in data.items():
        ours = names.get(key, key)
        if ours == key or (ours not in data and ours not in copy):
            copy[ours] = value
    return copy


def zone_of(timezone: str | None) -> ZoneInfo | None:
    """Return a site's time zone, of a new (America/Los_Angeles) or old (US/Pacific) name.

    None for a name that is none: days and times of the site are not known then.
    """
    if not timezone:
        return None
    try:
        return ZoneInfo(timezone.strip())
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def message_of(answer: Any) -> str:
    """Return the acknowledgement of a write: text, or a list of texts. ValueError without one."""
    message = object_of(answer).get("message")
    if isinstance(message, list):
        message = "; ".join(text for text in message if isinstance(text, str))
    if not (isinstance(message, str) and message):
        raise ValueError("no acknowledgement")
    return message
