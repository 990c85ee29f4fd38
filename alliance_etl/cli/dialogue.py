"""Asking a person at a terminal: one of several answers, one's own, or whether to go on."""

import sys
from collections.abc import Sequence

import typer

from alliance_etl.proposal.model import Choice, Doubt
from alliance_etl.proposal.naming import is_slug, slug_of


def is_interactive() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(doubt: Doubt, *, default: str | None = None) -> str:
    """The answer to a doubt: a number of the list, or a text as it stands."""
    print()
    print(doubt.asks)
    _list(doubt.choices)
    hint = "Number or name" if doubt.choices else "Answer"
    return _chosen(hint, doubt.choices, default)


def _list(choices: Sequence[Choice]) -> None:
    width = max((len(choice.value) for choice in choices), default=0)
    for number, choice in enumerate(choices, start=1):
        print(f"  {number:>2}  {choice.value:<{min(width, 40)}}  {choice.why}".rstrip())


def _chosen(hint: str, choices: Sequence[Choice], default: str | None) -> str:
    while True:
        given = str(typer.prompt(hint, default=default)).strip()
        if given.isdigit() and choices:
            if 1 <= int(given) <= len(choices):
                return choices[int(given) - 1].value
            print(f"There is no number {given}; the list goes from 1 to {len(choices)}.")
        elif given:
            return given


def ask_site(known: Sequence[str], proposed: str) -> str:
    """The site that a file is from: one of the study's, or a new one."""
    print()
    print("Which site is the file from?" + (" A number, or a new short name." if known else " A short name for it."))
    choices = tuple(Choice(name, "in study.yaml already") for name in known)
    _list(choices)
    default = None if known else proposed
    while True:
        given = _chosen("Site", choices, default)
        if is_slug(given):
            return given
        default = slug_of(given)
        print("A short name has lower-case letters, digits, _ and - only.")


def ask_title(site: str) -> str:
    """A new site's name for people."""
    return str(typer.prompt("Its name for people", default=site.replace("_", " ").title())).strip()


def ask_what_next(keys: Sequence[str]) -> str | None:
    """None to write, else the key that is to be another; typer.Abort where nothing is to be written."""
    print()
    print("Enter or y writes it into study.yaml, n writes nothing; the name of a key changes that.")
    print(f"  keys: {', '.join(keys)}")
    while True:
        given = str(typer.prompt("Write it", default="y")).strip()
        if given.lower() in ("y", "yes"):
            return None
        if given.lower() in ("n", "no", "q"):
            raise typer.Abort
        if given in keys:
            return given
        print(f"{given} is none of them.")
