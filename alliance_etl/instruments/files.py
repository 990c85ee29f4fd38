"""YAML files as plain data that remember their lines, and sentences about what is wrong with them.

Reading only: what the keys mean is model.py, which files belong together is registry.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # its C reader is ten times as fast as ruamel.yaml

from alliance_etl.yaml_bounds import OutOfBounds, refuse_unbounded

Place = tuple[str | int, ...]

# The words that YAML 1.2 knows; PyYAML's own list would turn the labels Yes and No, and dates, into something else.
_WORDS = {
    "tag:yaml.org,2002:bool": re.compile("^(?:true|True|TRUE|false|False|FALSE)$"),
    "tag:yaml.org,2002:timestamp": None,
}


class Unreadable(Exception):
    """A file that is no YAML mapping; `problems` says where and why."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class YamlFile:
    """One file: its name as people know it, its content, and where each key stands."""

    name: str
    content: dict[Any, Any]
    _root: Any = field(repr=False)

    def line(self, place: Place) -> int:
        """The line (from 1) of a key, or of the nearest key above it that is in the file."""
        line, node = 1, self._root
        for step in place:
            child = _child(node, step)
            if child is None:
                break
            line, node = child
        return line

    def holds(self, place: Place) -> bool:
        """Whether this key is in the file itself."""
        node = self._root
        for step in place:
            child = _child(node, step)
            if child is None:
                return False
            node = child[1]
        return True

    def problem(self, place: Place, message: str) -> str:
        """A sentence that names file, line and key."""
        key = ".".join(str(step + 1) if isinstance(step, int) else step for step in place)
        where = f"{self.name}, line {self.line(place)}"
        return f"{where}, {key}: {message}" if key else f"{where}: {message}"


def read_yaml(path: Path, name: str) -> YamlFile:
    """Read a UTF-8 file that holds one mapping; nothing in it is ever executed.

    Raises Unreadable for text that is no UTF-8 or no YAML, another shape than keys and values, and keys given twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        refuse_unbounded(text)
        loader = _loader(text)
        root = loader.get_single_node()
        twice = list(_repeated(root, set())) if root is not None else []
        content = loader.construct_document(root) if root is not None and not twice else {}
    except UnicodeDecodeError as error:
        raise Unreadable([f"{name}: not UTF-8 text (byte {error.start + 1}); save the file as UTF-8"]) from None
    except OutOfBounds as error:
        raise Unreadable([f"{name}, {error}"]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Unreadable([f"{name}, line {line}: not YAML: {error.problem or error.context}"]) from None
    except yaml.YAMLError as error:
        raise Unreadable([f"{name}: not YAML: {str(error).splitlines()[0]}"]) from None
    if twice:
        raise Unreadable([f"{name}, line {line}, {key}: given twice; expected each key once" for line, key in twice])
    if not isinstance(content, dict) or not content:
        raise Unreadable([f"{name}, line 1: expected keys and values, as in `id: my_form`"])
    return YamlFile(name, content, root)


def _loader(text: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    loader.yaml_implicit_resolvers = {
        first: [(tag, _WORDS.get(tag, pattern)) for tag, pattern in resolvers if _WORDS.get(tag, pattern)]
        for first, resolvers in loader.yaml_implicit_resolvers.items()
    }
    return loader


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        pairs = ((key.start_mark.line + 1, value) for key, value in node.value if key.value == str(step))
        return next(pairs, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def _repeated(node: Any, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Line and name of every key that its mapping has already; aliases are walked once."""
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                yield key.start_mark.line + 1, key.value
            elif isinstance(key, yaml.ScalarNode):
                keys.add(key.value)
            yield from _repeated(value, seen)
    else:
        for value in node.value:
            yield from _repeated(value, seen)
