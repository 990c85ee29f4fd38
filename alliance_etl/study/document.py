"""A YAML text with its places: the values as they are written, and the line of every key.

Values stay texts: `-99`, `no`, `1.0` and `2026-01-31` come as they are written, so that YAML's opinion on what is a
number, a truth or a date never changes a code of an export. Nothing in the text is executed. No key of study.yaml is
known here.
"""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from alliance_etl.yaml_bounds import OutOfBounds, refuse_unbounded

_NULLS = ("", "~", "null", "Null", "NULL")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser reads a large study in a tenth of the time


class NotYaml(Exception):
    """The text cannot be read at all; the sentence names the line, the cause and the remedy."""


class Place(NamedTuple):
    """A line (1-based) and the keys that lead there, joined by dots; keys that are not in the text are left out."""

    line: int
    keys: str


class Problem(NamedTuple):
    """What is wrong at a place."""

    line: int
    keys: str
    message: str


class _Entry(NamedTuple):
    key: str
    key_node: Any
    value: Any


class Document:
    """A YAML text: `data` are its values, `problems` what is wrong with it as YAML although it can be read.

    `verbatim` names keys below which a plain `null` or nothing is a text like any other.
    """

    def __init__(self, text: str, verbatim: frozenset[str] = frozenset()) -> None:
        self.problems: list[Problem] = []
        self._verbatim = verbatim
        self._known: dict[tuple[int, bool], Any] = {}
        self._entries: dict[int, list[_Entry]] = {}
        self._open: set[int] = set()
        self._root = _compose(text)
        self.data: Any = None if self._root is None else self._value(self._root, (), keep=False)

    def place(self, path: Sequence[Hashable]) -> Place:
        """Where a path of keys and positions leads, as far as the text holds it."""
        node, line, keys = self._root, 1, []
        for part in path:
            if isinstance(node, yaml.MappingNode):
                entry = next((each for each in self._entries_of(node) if each.key == str(part)), None)
                if entry is None:
                    continue
                node, line = entry.value, entry.key_node.start_mark.line + 1
                keys.append(entry.key)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
        return Place(line, ".".join(keys))

    def _value(self, node: Any, path: tuple[str, ...], *, keep: bool) -> Any:
        known = (id(node), keep)
        if known not in self._known:
            if id(node) in self._open:
                self._note(path, node, "refers to itself; expected values")
                return None
            self._open.add(id(node))
            self._known[known] = self._read(node, path, keep=keep)
            self._open.remove(id(node))
        return self._known[known]

    def _read(self, node: Any, path: tuple[str, ...], *, keep: bool) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each, path, keep=keep) for each in node.value]
        if isinstance(node, yaml.MappingNode):
            return {
                entry.key: self._value(entry.value, (*path, entry.key), keep=keep or entry.key in self._verbatim)
                for entry in self._entries_of(node, path)
            }
        is_null = not node.style and node.value in _NULLS
        return None if is_null and not keep else str(node.value)

    def _entries_of(self, node: Any, path: tuple[str, ...] = ()) -> list[_Entry]:
        """The keys of a mapping, merged ones (`<<`) last; a key that stands twice is a problem and counts once."""
        if id(node) not in self._entries:
            own: dict[str, _Entry] = {}
            merged: list[Any] = []
            for key_node, value in node.value:
                if not isinstance(key_node, yaml.ScalarNode):
                    self._note(path, key_node, _NO_KEY)
                elif key_node.value == "<<" and not key_node.style:
                    merged.extend(value.value if isinstance(value, yaml.SequenceNode) else [value])
                elif key_node.value in own:
                    self._twice(path, own[key_node.value], key_node)
                else:
                    own[key_node.value] = _Entry(str(key_node.value), key_node, value)
            self._entries[id(node)] = list(own.values())
            for entry in self._merged(merged, path):
                own.setdefault(entry.key, entry)
            self._entries[id(node)] = list(own.values())
        return self._entries[id(node)]

    def _merged(self, nodes: list[Any], path: tuple[str, ...]) -> Iterator[_Entry]:
        for node in nodes:
            if isinstance(node, yaml.MappingNode):
                yield from self._entries_of(node, path)
            else:
                self._note(path, node, "<< expects keys to take over, as in <<: *wai")

    def _twice(self, path: tuple[str, ...], first: _Entry, second: Any) -> None:
        lines = f"{first.key_node.start_mark.line + 1} and {second.start_mark.line + 1}"
        self._note(path, second, f'the key "{first.key}" stands twice, in lines {lines}; keep one of them')

    def _note(self, path: tuple[str, ...], node: Any, message: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, ".".join(path), message))


_NO_KEY = 'a key that is a list or holds keys itself; expected one text, in quotes where it begins with { or ["'


def _compose(text: str) -> Any:
    try:
        refuse_unbounded(text)
        return yaml.compose(text, Loader=_LOADER)
    except OutOfBounds as error:
        raise NotYaml(str(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise NotYaml(f"line {line}: a character that no text file holds; save the file as plain text") from error
    except yaml.MarkedYAMLError as error:
        opened = "quoted" in (error.context or "") or "flow" in (error.context or "")
        mark = error.context_mark if opened else error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        lines = text.splitlines()
        written = lines[line - 1] if line <= len(lines) else ""
        shown = f"; found: {written.strip()}" if written.strip() else ""
        raise NotYaml(f"line {line}: {_remedy(written, error)}{shown}") from error


def _remedy(written: str, error: Any) -> str:
    """The parser's complaint in the words of the people who see it, with what to do."""
    problem, context = error.problem or "", error.context or ""
    indentation = written[: len(written) - len(written.lstrip())]
    if "alias" in problem + context or "anchor" in problem + context:
        return 'a value that begins with * or & needs quotes, as in files: "*.csv"'
    if "quoted" in context:
        return "a quote is opened and never closed"
    if "flow" in context:
        return "a { or [ is opened and not closed, or a value inside it needs quotes"
    if "\t" in indentation:
        return "a tab at the beginning of the line; indent by spaces"
    if "cannot start any token" in problem:
        return 'a value that begins with %, @ or ` needs quotes, as in date_format: "%d.%m.%Y"'
    if "mapping values are not allowed" in problem:
        return "a second colon, or a wrong indentation; put quotes around a value that holds a colon"
    if "another document" in problem:
        return "a second --- line; expected one study in the file"
    return f"{problem or 'this is not YAML'}; mind the indentation, and quotes around values that begin with a sign"
