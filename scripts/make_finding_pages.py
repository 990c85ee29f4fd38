"""Write docs/findings/, a page for each kind of finding and an index, from alliance_etl/findings/kinds/*.yaml.

Derived; run it after changing a kind (a test says when a page is stale):

    python -m scripts.make_finding_pages
"""

from collections.abc import Iterator
from pathlib import Path

from alliance_etl.deployment import deployment_root
from alliance_etl.findings.catalogue import THEMES, TOOLS, Kind, Theme

MARK = "<!-- Written by `python -m scripts.make_finding_pages` from alliance_etl/findings/kinds/: change those, not this page. -->"  # noqa: E501
INTRODUCTION = f"""\
# Findings

{MARK}

What a receipt may say of a file, by its code. The codes are stable. `alliance-etl explain CODE` prints the same page.

An **error** keeps a row back (or the file, where it concerns the whole file) until it is put right: nothing of it is
published, nothing of it is lost. An **alert** is published, but somebody should look. A **warning** is published and
worth knowing.
"""


def folder() -> Path:
    return deployment_root() / "docs" / "findings"


def pages() -> dict[str, str]:
    """File name to Markdown: README.md is the index."""
    index = "\n".join([INTRODUCTION, *(line for theme in THEMES.values() for line in _section(theme))])
    kinds = (kind for theme in THEMES.values() for kind in theme.kinds)
    return {"README.md": index, **{f"{kind.code}.md": "\n".join(_page(kind)) for kind in kinds}}


def _section(theme: Theme) -> Iterator[str]:
    yield f"## {theme.title}\n\n{theme.about}\n\n| code | severity | what it means |\n| --- | --- | --- |"
    yield from (f"| [{kind.code}]({kind.code}.md) | {kind.severity} | {_cell(kind.means)} |" for kind in theme.kinds)
    yield ""


def _page(kind: Kind) -> Iterator[str]:
    yield f"# {kind.code}\n\n{MARK}\n\n**{kind.severity.capitalize()}**, about a {kind.level}; {_link(kind)}.\n"
    yield f"> {kind.message.format(expected='…', detail='…')}\n"
    yield f"## What it means\n\n{kind.means}\n"
    yield f"## An example\n\n```text\n{kind.example.rstrip()}\n```\n"
    yield f"## Held, or not, and why\n\n{kind.why}\n"
    yield f"## How to fix it\n\n{kind.how_to_fix}\n"
    yield from (f"- **In {name}:** {kind.fix[tool]}" for tool, name in TOOLS.items() if tool in kind.fix)
    yield f"- **The data manager, in study.yaml:** {kind.study_yaml}\n"


def _link(kind: Kind) -> str:
    return f"one of [{THEMES[kind.theme].title.lower()}](README.md)"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write(to: Path) -> None:
    """Write all pages, and remove those whose kind is no more."""
    to.mkdir(exist_ok=True)
    wanted = pages()
    for old in to.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (to / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(folder())
