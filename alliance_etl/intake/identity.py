"""Pseudonyms and form ids: no clinic's id leaves this module readable.

Pseudonym (contract, section 4): prefix + 16 characters of lower-case base32 of HMAC-SHA256(key, KIND US site US id).
Form id: 24 hex digits of SHA-256 over study, site, instrument, rater role, participant and rater, computed once per
person, then 8 hex digits for the session number, or for the date with the highest bit set, so that the two never meet.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

import polars as pl

from alliance_etl.intake.lookalikes import twins

UNIT_SEPARATOR = b"\x1f"
Kind = Literal["participant", "therapist", "rater"]
_PREFIX: dict[Kind, str] = {"participant": "p_", "therapist": "t_", "rater": "r_"}
_WITH_TWINS = ("participant", "therapist")
_DIGEST_BYTES = 10
_DATE_BIT = 1 << 31
_EPOCH_OFFSET = date(1, 1, 1).toordinal() - date(1970, 1, 1).toordinal()


def pseudonyms(key: bytes, kind: Kind, site: str, identifiers: Sequence[str]) -> list[str]:
    """The pseudonyms of ids as given by a site; outer space does not count."""
    head = UNIT_SEPARATOR.join((kind.encode(), site.encode(), b""))
    messages = (head + identifier.strip().encode() for identifier in identifiers)
    digests = b"".join(hmac.digest(key, message, "sha256")[:_DIGEST_BYTES] for message in messages)
    # ten bytes are sixteen letters and no padding, so all digests can be spelled in one go
    letters = base64.b32encode(digests).decode("ascii").lower()
    return [_PREFIX[kind] + letters[start : start + 16] for start in range(0, len(letters), 16)]


def form_prefixes(
    study: str, site: str, instrument: str, rater_role: str, people: Sequence[tuple[str, str | None]]
) -> list[str]:
    """The first 24 hex digits of the ids of each person's forms of one instrument; a person is (participant, rater)."""
    common = hashlib.sha256(b"".join(part.encode() + UNIT_SEPARATOR for part in (study, site, instrument, rater_role)))
    prefixes = []
    for participant, rater in people:
        digest = common.copy()
        digest.update(f"{participant}\x1f{rater or ''}".encode())
        prefixes.append(digest.hexdigest()[:24])
    return prefixes


class Lookalike(NamedTuple):
    """The pseudonym of an id that is not in plain characters, and that of the id which it would be in these."""

    kind: str
    pseudonym: str
    twin: str


@dataclass
class Pseudonyms:
    """Pseudonyms of one site, each id's computed once; `lookalikes` are those of participants and therapists so far."""

    key: bytes
    site: str
    known: dict[Kind, dict[str, str]] = field(default_factory=dict)
    lookalikes: set[Lookalike] = field(default_factory=set)

    def of(self, kind: Kind, texts: pl.Series) -> pl.Series:
        """The column of pseudonyms for a column of ids; NULL stays NULL."""
        if texts.null_count() == len(texts):
            return texts.cast(pl.String)
        known = self.known.setdefault(kind, {})
        distinct = texts.unique()
        strangers = [text for text in distinct.to_list() if text is not None and text not in known]
        known.update(zip(strangers, pseudonyms(self.key, kind, self.site, strangers), strict=True))
        if kind in _WITH_TWINS and (alike := twins(strangers)):
            plain = pseudonyms(self.key, kind, self.site, list(alike.values()))
            pairs = zip(alike, plain, strict=True)
            self.lookalikes |= {Lookalike(kind, known[identifier], twin) for identifier, twin in pairs}
        names = pl.Series([known.get(text) for text in distinct.to_list()], dtype=pl.String)
        return texts.replace_strict(distinct, names, return_dtype=pl.String)


def session_suffix(session: pl.Expr, session_date: pl.Expr) -> pl.Expr:
    """The last 8 hex digits of a form id, as a number: the session, or the date where there is no session."""
    by_date = session_date.cast(pl.Int32).cast(pl.Int64) - _EPOCH_OFFSET + _DATE_BIT
    return pl.coalesce(session.cast(pl.Int64), by_date)


def hex_digits(numbers: pl.Series) -> pl.Series:
    """Each number below 2**32 as 8 hex digits; each distinct number is spelled once."""
    distinct = numbers.unique()
    spelled = pl.Series([f"{number:08x}" for number in distinct.to_list()], dtype=pl.String)
    return numbers.replace_strict(distinct, spelled, return_dtype=pl.String)
