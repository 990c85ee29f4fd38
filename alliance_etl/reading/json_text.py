"""JSON values in a text: where each begins and ends, found one at a time, so that only one is in memory.

The standard library's parser does the parsing: it is the one that says where a value ends and where a text breaks.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

_SPACE = re.compile(r"[ \t\n\r]*")


class BrokenJson(Exception):
    """A text that is no JSON from that place on; line and column count from 1."""

    def __init__(self, text: str, at: int) -> None:
        self.line = line_breaks(text, 0, at) + 1
        self.column = at - max(text.rfind("\n", 0, at), text.rfind("\r", 0, at))
        super().__init__(f"line {self.line}, column {self.column}")


def line_breaks(text: str, start: int, stop: int) -> int:
    """How many lines end within that part of the text."""
    lone = text.count("\r", start, stop) - text.count("\r\n", start, stop)
    return text.count("\n", start, stop) + lone


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def value_at(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends. Raises BrokenJson."""
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise BrokenJson(text, error.pos) from None
    except (ValueError, RecursionError):  # NaN, a number of thousands of digits, brackets without end
        raise BrokenJson(text, at) from None


def only_value(text: str) -> Any:
    """The value that the text is, white space around it aside. Raises BrokenJson."""
    value, end = value_at(text, past_space(text, 0))
    refuse_more(text, end)
    return value


def refuse_more(text: str, at: int) -> None:
    """Raise BrokenJson where anything but white space follows."""
    end = past_space(text, at)
    if end < len(text):
        raise BrokenJson(text, end)


def past_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches nothing, too


def members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Each key of the object that begins there, and where its value begins and ends. Raises BrokenJson."""
    at = past_space(text, at + 1)
    while not text.startswith("}", at):
        key, end = value_at(text, at)
        colon = past_space(text, end)
        if not isinstance(key, str) or not text.startswith(":", colon):
            raise BrokenJson(text, at if not isinstance(key, str) else colon)
        start = past_space(text, colon + 1)
        end = end_of(text, start)
        yield key, start, end
        at = _next(text, end, "}")


def elements(text: str, at: int) -> Iterator[tuple[int, int, Any]]:
    """Each element of the array that begins there: where it begins and ends, and its value. Raises BrokenJson."""
    at = past_space(text, at + 1)
    while not text.startswith("]", at):
        value, end = value_at(text, at)
        yield at, end, value
        at = _next(text, end, "]")


def end_of(text: str, at: int) -> int:
    """Where the value that begins there ends; an array is gone through one element at a time. Raises BrokenJson."""
    if not text.startswith("[", at):
        return value_at(text, at)[1]
    end = at + 1
    for _, end, _value in elements(text, at):  # noqa: B007 - the last one's end
        pass
    return past_space(text, end) + 1


def _next(text: str, at: int, close: str) -> int:
    """Where the next part begins, or the closing bracket stands."""
    at = past_space(text, at)
    if text.startswith(close, at):
        return at
    after = past_space(text, at + 1)
    if not text.startswith(",", at) or text.startswith(close, after):
        raise BrokenJson(text, at)
    return after
