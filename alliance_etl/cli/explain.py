"""`explain`: what a finding means, and how to put it right where."""

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from alliance_etl.cli.console import print_document
from alliance_etl.cli.options import AsJson, Verbose
from alliance_etl.cli.outcome import verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alliance_etl.findings.catalogue import Kind

_WIDTH = 100


def add_to(app: typer.Typer) -> None:
    app.command("explain")(verb(explain))


def explain(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="As in the receipt.")] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Explain a finding: what it means, an example, why the row is held, how to fix it where. Without CODE, list all.

    Example: `alliance-etl explain answer_out_of_range`
    """
    from alliance_etl.findings.catalogue import KINDS, THEMES, kind_of

    if code and as_json:
        print_document(asdict(kind_of(code)))
    elif code:
        print("\n".join(_page(kind_of(code))))
    elif as_json:
        print_document({"findings": [asdict(kind) for kind in KINDS.values()]})
    else:
        for theme in THEMES.values():
            print(f"{theme.title}\n", *(_line(kind) for kind in theme.kinds), "", sep="\n")


def _line(kind: "Kind") -> str:
    return f"  {kind.code:<24} {kind.severity:<8} {textwrap.shorten(kind.means, _WIDTH, placeholder=' …')}"


def _page(kind: "Kind") -> "Iterator[str]":
    from alliance_etl.findings.catalogue import TOOLS

    yield f"{kind.code} ({kind.severity}, {kind.level})"
    yield from _part("It says", kind.message.format(expected="…", detail="…"))
    yield from _part("It means", kind.means)
    yield from ("", "For example", textwrap.indent(kind.example.rstrip(), "  "))
    yield from _part("Held, or not, and why", kind.why)
    yield from _part("What to do", kind.how_to_fix)
    for tool, name in TOOLS.items():
        if tool in kind.fix:
            yield from _part(f"In {name}", kind.fix[tool])
    yield from _part("The data manager, in study.yaml", kind.study_yaml)


def _part(title: str, text: str) -> "Iterator[str]":
    yield from ("", title)
    yield textwrap.fill(
        text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
