"""Putting exports into the text of a study.yaml: lines are added, and every other byte stays as it is.

What is added is written by ruamel.yaml; where it goes is found by the places of the YAML nodes around it. Reading what
the keys mean is load.py's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from alliance_etl.errors import StudyFileError

_PLAIN = re.compile(r"[^\W\d][\w-]*(?: [\w-]+)*")
_TRUTHS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}
_WIDTH = 110
_ANY_WIDTH = 1 << 20
_STEP = 2


def with_exports(text: str, site: str, title: str | None, exports: Mapping[str, Mapping[str, Any]]) -> str:
    """The text with these exports of that site, which is added with its title where it is not there.

    Raises StudyFileError where the place is written in a way that nothing can be put into: an alias, a merged key.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    newline = "\r\n" if "\r\n" in text else "\n"
    sites = _child(root, "sites")
    if sites is None or _is_empty(sites):
        added = lines_of({"sites": {site: _site(title, exports)}})
        if sites is None:
            return _after_line(text, _last_line(text), added, newline)
        if isinstance(sites, yaml.ScalarNode):
            line = _key_line(root, "sites")
            return _after_line(text, line, added[1:], newline)
    here = _child(sites, site)
    if here is None:
        return _put(text, sites, {site: _site(title, exports)}, newline)
    _refuse_borrowed(sites, site, here)
    known = _child(here, "exports")
    if known is None or (isinstance(known, yaml.ScalarNode) and _is_empty(known)):
        raise StudyFileError(
            [f"study.yaml, sites.{site}: it has no exports of its own to add to; write `exports:` there"]
        )
    _refuse_borrowed(here, "exports", known)
    return _put(text, known, exports, newline)


def _site(title: str | None, exports: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {**({"title": title} if title else {}), "exports": dict(exports)}


def _child(node: Any, key: str) -> Any:
    """The value of a key that the mapping has itself."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _is_empty(node: Any) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return node.value in ("", "~", "null") and not node.style
    return not node.value


def _key_line(node: Any, key: str) -> int:
    return next(int(name.start_mark.line) for name, _ in node.value if name.value == key)


def _refuse_borrowed(parent: Any, key: str, value: Any) -> None:
    """An alias is another place's text: what is put there would be put into both."""
    name = next(name for name, _ in parent.value if name.value == key)
    if value.start_mark.index < name.start_mark.index:
        line = name.start_mark.line + 1
        raise StudyFileError(
            [f"study.yaml, line {line}, {key}: an alias (*) stands there; write its keys out, and try again"]
        )


def _put(text: str, mapping: Any, added: Mapping[str, Any], newline: str) -> str:
    """The text with more keys at the end of a mapping, in the style that it is written in."""
    if mapping.flow_style:
        return _into_flow(text, mapping, added)
    first = mapping.value[0][0].start_mark
    indent = " " * first.column
    last = _end_line(mapping)
    lines = text.splitlines()
    while last + 1 < len(lines) and _belongs_above(lines[last + 1], first.column):
        last += 1
    gap = [""] if _are_apart(lines, mapping) else []
    block: list[str] = []
    for key, value in added.items():
        block += [*gap, *(indent + line if line else line for line in lines_of({key: value}))]
    return _after_line(text, last, block, newline)


def _into_flow(text: str, mapping: Any, added: Mapping[str, Any]) -> str:
    """Behind the last key within the braces; JSON is YAML, too."""
    inner = json.dumps(dict(added), ensure_ascii=False)[1:-1]
    if not mapping.value:
        place = mapping.start_mark.index + 1
        return text[:place] + inner + text[place:]
    place = mapping.value[-1][1].end_mark.index
    return text[:place] + ", " + inner + text[place:]


def _end_line(node: Any) -> int:
    """The last line (0-based) that a node stands on; what follows a block mapping is none of it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return max(_end_line(each) for each in (last if isinstance(last, tuple) else (last,)))
    mark = node.end_mark
    is_block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return int(mark.line) - (1 if is_block and mark.column == 0 and mark.line else 0)


def _belongs_above(line: str, column: int) -> bool:
    """A comment that is indented deeper than the keys is still of the last of them."""
    bare = line.lstrip(" ")
    return bare.startswith("#") and len(line) - len(bare) > column


def _are_apart(lines: Sequence[str], mapping: Any) -> bool:
    """Whether blank lines stand between the keys of a mapping, or above its only one."""
    starts = [key.start_mark.line for key, _ in mapping.value]
    between = starts[1:] or starts
    return any(line and not lines[line - 1].strip() for line in between)


def _after_line(text: str, line: int, added: Sequence[str], newline: str) -> str:
    lines = text.splitlines(keepends=True)
    above = "".join(lines[: line + 1])
    if above and not above.endswith(("\n", "\r")):
        above += newline
    return above + "".join(each + newline for each in added) + "".join(lines[line + 1 :])


def _last_line(text: str) -> int:
    return len(text.splitlines()) - 1


@dataclass(frozen=True)
class _Styled:
    """A value as study.yaml is written: what is short on one line in braces, texts in quotes where they need them."""

    value: Any

    def node(self) -> Any:
        if isinstance(self.value, Mapping):
            node = CommentedMap({_text(key): _Styled(each).node() for key, each in self.value.items()})
            plain = not any(isinstance(each, Mapping | list) for each in self.value.values())
            if plain and "instrument" not in self.value and len(str(self.value)) < _WIDTH:
                node.fa.set_flow_style()
            return node
        if isinstance(self.value, list | tuple):
            items = CommentedSeq(_Styled(each).node() for each in self.value)
            if sum(len(str(each)) + 4 for each in self.value) < _WIDTH:
                items.fa.set_flow_style()
            return items
        return _text(self.value)


def _text(value: Any) -> Any:
    if not isinstance(value, str) or (_PLAIN.fullmatch(value) and value.lower() not in _TRUTHS):
        return value
    return DoubleQuotedScalarString(value)


def lines_of(added: Mapping[str, Any]) -> list[str]:
    """Keys and values as lines of YAML, from the left margin."""
    writer = YAML()
    writer.width = _ANY_WIDTH
    writer.allow_unicode = True
    writer.indent(mapping=_STEP, sequence=2 * _STEP, offset=_STEP)
    out = StringIO()
    writer.dump(_Styled(added).node(), out)
    return out.getvalue().splitlines()
