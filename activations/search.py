"""Search over the sites: every word of the query occurs somewhere in `search_text`.

Words of three letters and more are found through an index of trigrams (FTS5 on SQLite, GIN on
PostgreSQL; migration 0010_search). Two cases are faster without it, measured in
docs/decisions/0009: a small company is read through in its own order, and so are words that
nearly every site has, because the page is full after a few rows.
"""

import unicodedata

from django.db import connection
from django.db.models import Q, TextField, Value
from django.db.models.expressions import RawSQL, Subquery
from django.db.models.functions import Concat

from activations.models import Activation, ActivationQuerySet
from companies.models import Company

MAX_LENGTH = 120
MAX_WORDS = 6
# Above this many matches of the index the list is walked in its own order instead.
FEW = 1000
MANY = "many"
# Companies up to this size are always walked: their index is shorter than any detour.
SMALL_COMPANY = 5000
TRIGRAM = 3
# Of a long word the index is asked for its last letters only: references begin alike, and every
# trigram that all sites have makes the index slower without telling them apart.
TAIL = 6


def fold(text: str) -> str:
    """Small letters without accents, single spaces: how texts and queries are compared."""
    plain = unicodedata.normalize("NFKD", text.replace("\x00", " "))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())


def words_of(query: str) -> list[str]:
    """The different words to look for; at most six, from the first 120 characters."""
    return list(dict.fromkeys(fold(query[:MAX_LENGTH]).split()))[:MAX_WORDS]


# Primary key → number of sites when a page last read the counters. Only a hint for the choice of
# the way to search: a wrong one costs milliseconds, never a row.
_sizes: dict[int, int] = {}


def remember_size(company: Company, sites: int) -> None:
    _sizes[company.pk] = sites


def is_small(company: Company | None) -> bool:
    return company is not None and _sizes.get(company.pk, SMALL_COMPANY + 1) <= SMALL_COMPANY


def is_indexed(words: list[str]) -> bool:
    """Can the index of trigrams say anything about these words?"""
    return any(len(word) >= TRIGRAM for word in words)


def matches(words: list[str]) -> Subquery | RawSQL:
    """Up to FEW + 1 ids of sites with the words, from the index of trigrams.

    Words too short for the index are not looked at here, of long ones only the end, and nothing
    of whose site it is: filter the result by all of them.
    """
    long = [word[-TAIL:] for word in words if len(word) >= TRIGRAM]
    if connection.vendor == "sqlite":
        phrases = " ".join('"' + word.replace('"', '""') + '"' for word in long)
        return RawSQL(
            "SELECT rowid FROM activations_search WHERE activations_search MATCH %s LIMIT %s",
            (phrases, FEW + 1),
        )
    found = Activation.objects.all()
    for word in long:
        found = found.filter(search_text__contains=word)
    return Subquery(found.order_by().values("pk")[: FEW + 1])


def probe(words: list[str]) -> RawSQL:
    """The ids that `matches` gives, as one text another query can carry: "7,12,30".

    None when there are none, MANY when there are more than FEW.
    """
    ids = matches(words)
    if isinstance(ids, RawSQL):
        statement, parameters = ids.sql, tuple(ids.params)
        name, joined = "", "group_concat(rowid)"
    else:
        statement, parameters = ids.query.sql_with_params()
        name, joined = "AS found (id)", "string_agg(found.id::text, ',')"
    return RawSQL(  # noqa: S611 - our own statement around Django's, words as parameters
        f"SELECT CASE WHEN count(*) > %s THEN %s ELSE {joined} END"  # noqa: S608
        f" FROM ({statement}) {name}",
        (FEW, MANY, *parameters),
        output_field=TextField(),
    )


def among(rows: ActivationQuerySet, ids: list[int], words: list[str]) -> ActivationQuerySet:
    """The rows with all words among those whose ids the probe found."""
    left = [word for word in words if not TRIGRAM <= len(word) <= TAIL]
    return _contain(rows.filter(pk__in=ids), left)


def in_order(
    rows: ActivationQuerySet, words: list[str], *, small: bool = False
) -> ActivationQuerySet:
    """The rows with all words, found by walking the rows in the order they are asked for.

    PostgreSQL knows how common a word is and walks by itself. It goes to the index of trigrams
    too readily for the few sites of a `small` company, so there the text is disguised.
    """
    if not (small and words):
        return _contain(rows, words)
    disguised = rows.alias(searched=Concat("search_text", Value(""), output_field=TextField()))
    return disguised.filter(_all_words("searched", words))


def _contain(rows: ActivationQuerySet, words: list[str]) -> ActivationQuerySet:
    return rows.filter(_all_words("search_text", words)) if words else rows


def _all_words(column: str, words: list[str]) -> Q:
    """`contains` escapes the wildcards of LIKE."""
    condition = Q()
    for word in words:
        condition &= Q(**{f"{column}__contains": word})
    return condition
