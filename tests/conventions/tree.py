"""The checkout as the house rules see it: its modules, parsed once, and its texts."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ("alliance_etl", "schemas", "assets")
TEXTS = (".py", ".md", ".toml", ".yaml", ".yml", ".sql", ".json", ".html")


@dataclass(frozen=True)
class Module:
    path: str
    source: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[str, bool]]:
        """Every imported module's dotted name, and whether it is loaded late: inside a function, or for types only."""
        late = {id(node) for holder in ast.walk(self.tree) if _is_late(holder) for node in ast.walk(holder)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((name.name, id(node) in late) for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module, id(node) in late

    def names(self) -> Iterator[str]:
        """Every name that the module gives to something: functions, classes, arguments, variables."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """The Python modules below these folders of the checkout, in order of their paths."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    sources = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in paths]
    return tuple(Module(path, source, ast.parse(source, path)) for path, source in sources)


def texts() -> Iterator[tuple[str, str]]:
    """Path and content of every text that people read or change: code, tests, data, pages, settings."""
    below = [*LIBRARY, "tests", "scripts", "docs", ".ci"]
    files = [file for folder in below for file in (ROOT / folder).rglob("*") if file.suffix in TEXTS or folder == ".ci"]
    for file in sorted([*files, *ROOT.glob("*.md"), *ROOT.glob("*.yaml"), ROOT / "pyproject.toml", ROOT / "Makefile"]):
        if file.is_file():
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


def pyproject() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _is_late(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
