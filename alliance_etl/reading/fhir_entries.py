"""The resources of a file of FHIR: of a document (a resource, a Bundle, an array of either) or of NDJSON.

Every entry of a Bundle and every line of NDJSON is one entry here, whatever is in it; Bundles within are opened.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from alliance_etl.reading.encoding import Encoding
from alliance_etl.reading.json_text import (
    BrokenJson,
    elements,
    end_of,
    line_breaks,
    members,
    only_value,
    past_space,
    refuse_more,
    value_at,
)
from alliance_etl.reading.limits import Limits
from alliance_etl.reading.model import BrokenCode, Unreadable
from alliance_etl.reading.source import LineTooLong, is_utf8, whole_lines

COMMENT = "urn:alliance-etl:what-to-fix"
"""URL of the extension in which a fixme file says what is wrong."""
_DOUBTFUL_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ENTRY = re.compile(r'"entry"\s*:\s*(?=\[)')


@dataclass(frozen=True)
class Entry:
    """One resource: its line (1-based), the text that it or the Bundle's entry around it has, and what it says.

    `resource` is None where there is none: a blank line, or `fault` says what is wrong, at `column`.
    """

    line: int
    text: str
    resource: dict[str, Any] | None
    fault: BrokenCode | None = None
    column: int = 0


class Entries(Protocol):
    """What can be gone through as often as one likes."""

    @property
    def shape(self) -> str:
        """ndjson, resource, bundle or array."""

    @property
    def bundle_type(self) -> str:
        """The type of the Bundle, where it is one."""

    def __iter__(self) -> Iterator[Entry]: ...


class Lines:
    """NDJSON: each line is JSON of its own, and a broken one costs no other."""

    shape, bundle_type = "ndjson", "collection"

    def __init__(self, path: Path, encoding: Encoding, limits: Limits) -> None:
        self._path, self._encoding, self._limits = path, encoding, limits

    def __iter__(self) -> Iterator[Entry]:
        """Raises Unreadable (too_large) at a line that is longer than a line may be."""
        number = 0
        with self._path.open("rb") as file:
            file.seek(len(self._encoding.mark))
            try:
                for chunk in whole_lines(file, self._encoding.name, most_line=self._limits.line_bytes):
                    for line in chunk.splitlines():
                        number += 1
                        if len(line) > self._limits.line_bytes:
                            self._limits.refuse_line(number)
                        yield from _of_line(number, line)
            except LineTooLong:
                self._limits.refuse_line(number + 1)


def _of_line(number: int, line: bytes) -> Iterator[Entry]:
    text = line.decode(errors="surrogateescape").strip()
    if not text:
        yield Entry(number, text, None)
    elif b"\0" in line or not is_utf8(line):
        yield Entry(number, text, None, "nul_bytes" if b"\0" in line else "undecodable_bytes")
    else:
        try:
            value = only_value(text)
        except BrokenJson as broken:
            yield Entry(number, text, None, "not_json", broken.column)
        else:
            yield from _opened(number, text, value)


class Document:
    """One JSON value. Its text is held, and of its resources one at a time."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        """Raises Unreadable (bad_encoding, broken_json)."""
        content = path.read_bytes()[len(encoding.mark) :]
        try:
            self.text = content.decode(encoding.name)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise Unreadable("bad_encoding", {"encoding": encoding.name, "line": line, "rows": 1}) from None
        self._start = past_space(self.text, 0)
        self.bundle_type = "collection"
        try:
            self._list_at, self._in_entries = self._list()
        except BrokenJson as broken:
            facts = {"line": broken.line, "column": broken.column, "rows": self._sound() + 1}
            raise Unreadable("broken_json", facts) from None
        self.shape = "resource" if self._list_at is None else "bundle" if self._in_entries else "array"

    def __iter__(self) -> Iterator[Entry]:
        if self._list_at is None:
            value, end = value_at(self.text, self._start)
            parts = iter([(self._start, end, value)])
        else:
            parts = elements(self.text, self._list_at)
        line, counted = 1, 0
        for start, end, value in parts:
            line, counted = line + line_breaks(self.text, counted, start), start
            resource = _resource_of(value) if self._in_entries else value
            yield from _opened(line, self.text[start:end], resource, in_bundle=self._in_entries)

    def _list(self) -> tuple[int | None, bool]:
        """Where the array of resources begins, if there is one, and whether it is a Bundle's. Raises BrokenJson."""
        text, start = self.text, self._start
        if text.startswith("[", start):
            refuse_more(text, end_of(text, start))
            return start, False
        parts = {key: (begin, end) for key, begin, end in members(text, start)}
        refuse_more(text, past_space(text, max((end for _, end in parts.values()), default=start + 1)) + 1)
        found = {key: begin for key, (begin, _) in parts.items()}
        if "resourceType" not in found or value_at(text, found["resourceType"])[0] != "Bundle":
            return None, False
        told = value_at(text, found["type"])[0] if "type" in found else None
        self.bundle_type = told if isinstance(told, str) else self.bundle_type
        at = found.get("entry")
        return (at, True) if at is not None and text.startswith("[", at) else (None, False)

    def _sound(self) -> int:
        """How many resources stand before the place where the document breaks."""
        found = _ENTRY.search(self.text)
        begin = self._start if self.text.startswith("[", self._start) else found.end() if found else None
        sound = 0
        if begin is not None:
            with suppress(BrokenJson):
                for _ in elements(self.text, begin):
                    sound += 1
        return sound


def _resource_of(entry: Any) -> Any:
    return entry.get("resource") if isinstance(entry, dict) else None


def _opened(line: int, text: str, value: Any, *, in_bundle: bool = False) -> Iterator[Entry]:
    """The value as an entry; a Bundle as the entries in it, each with a text of its own."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if each is not value:
            text = json.dumps({"resource": each} if in_bundle else each)
        kind = each.get("resourceType") if isinstance(each, dict) else None
        if not isinstance(kind, str):
            yield Entry(line, text, None, "not_a_resource")
        elif kind == "Bundle":
            inner = each.get("entry", [])
            waiting += [_resource_of(one) for one in reversed(inner)] if isinstance(inner, list) else [None]
        elif is_comment(each):
            yield Entry(line, text, None)
        else:
            fault = _escaped_fault(text, each)
            yield Entry(line, text, None if fault else each, fault)


def _escaped_fault(text: str, resource: dict[str, Any]) -> BrokenCode | None:
    r"""What an escape may hide: NUL (\u0000), or half of a letter (\ud83d alone), which no encoding can write."""
    if not _DOUBTFUL_ESCAPE.search(text):
        return None
    try:
        said = json.dumps(resource, ensure_ascii=False)
    except RecursionError:
        return "not_a_resource"
    if "\\u0000" in said:
        return "nul_bytes"
    try:
        said.encode()
    except UnicodeEncodeError:
        return "undecodable_bytes"
    return None


def is_comment(resource: dict[str, Any]) -> bool:
    """Whether a fixme file has put it there, to say what is wrong with a line that is no JSON."""
    return resource.get("resourceType") == "OperationOutcome" and comment_of(resource) is not None


def comment_of(resource: dict[str, Any]) -> str | None:
    """The exports that a fixme file's comment names, as it names them; None where there is no comment."""
    parts = next(
        (each.get("extension") for each in _dicts(resource.get("extension")) if each.get("url") == COMMENT), None
    )
    told = (part.get("valueString") for part in _dicts(parts) if part.get("url") == "exports")
    return next((name for name in told if isinstance(name, str)), None)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
