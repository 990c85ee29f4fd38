"""Ids that look the same and are not: a Cyrillic А for a Latin A, an accent that a Mac writes apart, an unseen space.

Nothing is guessed: an id stays what the site wrote, and two such ids stay two people until somebody says otherwise.
What is known of an id is its plain spelling, and of that only the pseudonym leaves the intake.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

_INVISIBLE = ("Cf", "Mn", "Me")


def plain(identifier: str) -> str:
    """The id as it would be typed on a plain keyboard, as far as its characters have a lookalike there.

    By Unicode's compatibility forms (NFKC, UAX 15) and its list of confusable characters (UTS 39), as the package
    confusable-homoglyphs has them. `identifier` itself where it is so already.
    """
    if identifier.isascii():
        return identifier
    composed = unicodedata.normalize("NFKC", identifier)
    visible = (char for char in composed if unicodedata.category(char) not in _INVISIBLE)
    return " ".join("".join(map(_plain, visible)).split())


def twins(identifiers: Iterable[str]) -> Mapping[str, str]:
    """Id → its plain spelling, of those that are not plain."""
    spelled = {each: plain(each.strip()) for each in identifiers if not each.isascii()}
    return {each: twin for each, twin in spelled.items() if twin and twin != each.strip()}


@cache
def _plain(char: str) -> str:
    if char.isascii():
        return char
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    from confusable_homoglyphs import confusables

    alike = (each["c"] for each in confusables.confusables_data.get(char, []))
    return min((each for each in alike if len(each) == 1 and each.isascii() and each.isprintable()), default=char)
