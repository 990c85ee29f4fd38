"""One word per thing: docs/glossary.md is the list, and the code keeps to it."""

import re

from tests.conventions.tree import LIBRARY, ROOT, modules

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in GLOSSARY.splitlines() if line.startswith("| **")
]
AVOIDED = {word: row[0].strip("*") for row in ROWS for word in re.findall(r"`([a-z_]+)`", row[2])}


def words(name: str) -> set[str]:
    """The words of snake_case and CamelCase names, in the singular."""
    parts = re.findall(r"[A-Z]?[a-z]+", name)
    return {part.lower() for part in parts} | {part.lower().removesuffix("s") for part in parts}


def test_every_word_of_the_glossary_has_a_meaning() -> None:
    assert [row[0] for row in ROWS if len(row) != 3 or not row[1]] == []


def test_names_keep_to_the_glossary() -> None:
    strange = {
        f"{module.path}: {name}": f"say {AVOIDED[word]}, not {word}"
        for module in modules(*LIBRARY)
        for name in module.names()
        for word in words(name) & AVOIDED.keys()
    }

    assert strange == {}
