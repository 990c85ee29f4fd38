"""What kind of thing a cell's text looks like: number, date, time, amount, word, … by its form alone."""

import re

_SIGNED = r"[-+]?(?:\d+(?:[.,]\d+)*|[.,]\d+)"
_KINDS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("date", r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[-+]\d{2}:?\d{2})?)?"),
        ("number", rf"{_SIGNED}(?:e[-+]?\d+)?%?"),
        ("time", r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]m)?"),
        ("amount", rf"[$€£¥] ?{_SIGNED}|{_SIGNED} ?[$€£¥]"),
        ("address", r"(?:https?|ftp)://\S+|[^\s@]+@[^\s@]+\.\w+"),
        ("words", r"[^\W\d_][\w.'’/()&-]*(?: [\w.'’/()&?!-]+)*"),
        ("code", r"\w[\w./-]*"),
    )
)
TYPED = frozenset({"number", "date", "time", "amount"})
"""Kinds that a column's name never has."""


def kind_of(text: str) -> str:
    """One of number, date, time, amount, address, words, code, empty, other."""
    if not text or text.isspace():
        return "empty"
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(text)), "other")


def is_known(cell: str, quote: str) -> bool:
    """True for a cell, with its quotes, whose form speaks for its having been cut where it ends."""
    if len(cell) > 1 and cell[0] == quote == cell[-1]:
        return True
    return quote not in cell[:1] + cell[-1:] and kind_of(cell) != "other"
