"""The names of columns: templates for the items' columns, and when two names are the same one."""

import re
import unicodedata
from collections.abc import Iterable

_BRACES = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"n(?::0(\d)d?)?")


def template_fault(template: str) -> str | None:
    """What is wrong with a template, in words; None where it names a column for each item."""
    held = [inside for inside in _BRACES.findall(template) if inside != "a"]
    if not held:
        return f'"{template}" is one column for all items; write {{n}} for the item\'s number, as in "WAI{{n}}"'
    strange = [inside for inside in held if not _NUMBER.fullmatch(inside)]
    if strange:
        return f'"{{{strange[0]}}}" in "{template}" is not known; expected {{n}}, or {{n:02d}} for 01, 02, 03'
    return None


def expand(template: str, item: int, option: str = "*") -> str:
    """The column of an item: `{n}` becomes its number, `{n:02d}` its number with leading zeros, `{a}` the option."""

    def number(found: re.Match[str]) -> str:
        if found[1] == "a":
            return option
        width = _NUMBER.fullmatch(found[1])
        return f"{item:0{int((width and width[1]) or 1)}d}"

    return _BRACES.sub(number, template)


def same_name(name: str) -> str:
    """A name in one Unicode spelling with outer space cut: equal for what a Mac and a PC write for one word."""
    return unicodedata.normalize("NFC", name).strip()


def repeated(names: Iterable[str]) -> list[str]:
    """The names that stand more than once, in the order of their second appearance."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in map(same_name, names):
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)
