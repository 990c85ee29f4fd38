"""words.yaml: what columns, forms, answers and missing codes are called, and whether a name says one of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from alliance_etl.instruments.model import Instrument
from alliance_etl.intake.identifying_names import words_of

STRONG, WEAK = 2, 1
_FEW = 2


@cache
def document() -> Mapping[str, Any]:
    """The file, every value as the text that is written there."""
    text = (files(__package__) / "words.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Any] = yaml.load(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - texts only
    return read


@lru_cache(maxsize=4096)
def runs_of(name: str) -> frozenset[str]:
    """A name's neighbouring words written as one, in all its spellings."""
    return frozenset(run for words in words_of(name) for run in words.runs())


@lru_cache(maxsize=4096)
def parts_of(name: str) -> tuple[str, ...]:
    """A name's words in order, without accents."""
    spellings = sorted(words_of(name), key=lambda words: len("".join(words.parts)))
    return spellings[0].parts if spellings else ()


@lru_cache(maxsize=8192)
def _bare(entry: str) -> frozenset[str]:
    """An entry of the file, spelled as runs are."""
    return frozenset("".join(words.parts) for words in words_of(entry))


@cache
def _said(section: str, key: str, tier: str) -> frozenset[str]:
    told = document()[section][key]
    lines = told.get(tier, []) if isinstance(told, Mapping) else told
    return frozenset(run for line in lines for entry in line.split(", ") for run in _bare(entry))


def role_strength(name: str, role: str) -> int:
    """How strongly a column's name says that it holds the participant, session, date, …: STRONG, WEAK or 0.

    A weak word counts by itself or beside one other: "Number", not "Number of words".
    """
    runs, weak = runs_of(name), _said("columns", role, "weak")
    if runs & _said("columns", role, "strong"):
        return STRONG
    return WEAK if runs & weak and (len(parts_of(name)) <= _FEW or _bare(name) & weak) else 0


def says_whole(name: str, role: str) -> bool:
    """True where the name is just a strong word of the role."""
    return bool(_bare(name) & _said("columns", role, "strong"))


def says_scale(name: str, scale: str) -> bool:
    """True where a column's name says goal, task, bond or total."""
    known = document()["scales"]
    return scale in known and bool(runs_of(name) & _said("scales", scale, ""))


def families_in(names: Iterable[str]) -> set[str]:
    """The families of forms that names say."""
    runs = frozenset().union(*map(runs_of, names))
    return {family for family in document()["families"] if runs & _said("families", family, "")}


def forms_in(names: Iterable[str]) -> set[str]:
    """What ids in the registry begin with of the forms that names say."""
    runs = frozenset().union(*map(runs_of, names))
    return {ids for ids in document()["forms"] if runs & _said("forms", ids, "names")}


def form_of(instrument: Instrument) -> tuple[str | None, bool]:
    """What the instrument's form is called in `forms`, and whether it is proposed only where its name stands."""
    known = document()["forms"]
    ids = max((each for each in known if instrument.id.startswith(each)), key=len, default=None)
    return ids, ids is not None and known[ids].get("named") == "true"


def roles_in(names: Iterable[str], *, after_form: bool) -> set[str]:
    """The rater roles that names say; `after_form` counts single letters behind a form's name, too."""
    names = list(names)
    runs = frozenset().union(*map(runs_of, names))
    found = {role for role in document()["roles"] if runs & _role_words(role)}
    if after_form and not found:
        letters = set(map(_letter_after_form, names))
        found = {role for role, told in document()["roles"].items() if letters & set(told["letters"])}
    return found


@cache
def _role_words(role: str) -> frozenset[str]:
    return frozenset(run for entry in document()["roles"][role]["words"] for run in _bare(entry))


def _letter_after_form(name: str) -> str | None:
    """The short word behind a form's name: t in WAI_T, o in wai_o_1; not the s of WAI_S."""
    parts = [part for part in parts_of(name) if not part.isdigit()]
    for at, part in enumerate(parts[:-1]):
        if families_in([part]):
            rest = [each for each in parts[at + 1 :] if each not in ("s", "sr", "sf", "short", "revised")]
            return rest[0] if rest and len(rest[0]) <= 3 else None
    return None


@cache
def worded_items() -> Mapping[str, tuple[frozenset[str], ...]]:
    """Instrument to the words of each of its items, in item order."""
    return {
        instrument: tuple(frozenset(run for entry in item for run in _bare(entry)) for item in items)
        for instrument, items in document()["worded_items"].items()
    }


@cache
def label_sets() -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Sets of answers as words, lowest first, each answer in all its spellings."""
    return tuple(tuple(tuple(answer.split("|")) for answer in answers) for answers in document()["labels"])


def other_ranges(instrument: str) -> Iterator[tuple[float, float]]:
    """Ranges of answers that a form is known with besides the registry's."""
    for ids, ranges in document()["other_ranges"].items():
        if instrument.startswith(ids):
            yield from ((float(low), float(high)) for low, high in ranges)


@cache
def missing_texts() -> Mapping[str, str]:
    """What stands for no answer (case folded) → the reason."""
    return {
        text.casefold(): reason for reason, texts in document()["missing"]["texts"].items() for text in map(str, texts)
    }


def missing_numbers(*, alone: bool) -> tuple[float, ...]:
    """Numbers that stand for no answer; `alone`: the positive ones, which may be answers too."""
    return tuple(map(float, document()["missing"]["numbers_alone" if alone else "numbers"]))


def skip_rows() -> Mapping[str, Sequence[str]]:
    """Column → texts that mark a row which is nobody's."""
    told: Mapping[str, Sequence[str]] = document()["skip_rows"]
    return told


@cache
def varying() -> frozenset[str]:
    """Words in a file's name that say which delivery it is."""
    return frozenset(map(str.casefold, document()["varying"]))
