"""A column's name, taken apart into words, however it is written: camelCase, snake_case, accents, no gaps at all."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST_RUN = 6
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"}
_TWO_LETTERS = str.maketrans({**_LETTERS, **{small.upper(): two.capitalize() for small, two in _LETTERS.items()}})
_ONE_LETTER = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "đ": "d", "œ": "oe", "Ø": "O", "Ł": "L"})


@dataclass(frozen=True)
class Words:
    """One spelling of a name, as small words without accents."""

    parts: tuple[str, ...]

    def runs(self) -> set[str]:
        """Neighbouring words written as one: of first_name_2 they are first, name, 2, firstname, name2, firstname2."""
        ends = range(len(self.parts) + 1)
        return {"".join(self.parts[a:b]) for a in ends for b in ends if a < b <= a + _LONGEST_RUN}


def words_of(name: str) -> set[Words]:
    """The spellings of a column's name: accents dropped, and written as two letters as German and Danish do."""
    return set(_spellings(name[:200]))


def _spellings(name: str) -> Iterator[Words]:
    composed = unicodedata.normalize("NFC", name)
    for spelled in (composed, composed.translate(_TWO_LETTERS)):
        bare = unicodedata.normalize("NFKD", spelled.translate(_ONE_LETTER))
        pieces = _PIECE.findall(_ascii(bare))
        yield Words(tuple(piece.lower() for piece in pieces))


def _ascii(text: str) -> str:
    """Letters without their marks; what is no Latin letter divides words."""
    kept = (letter if letter.isascii() else " " for letter in text if not unicodedata.combining(letter))
    return "".join(kept)
