"""`notices`: who is told of what after a night, whether that arrives, and a test."""

from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("notices")(verb(notices))


def notices(
    test: Annotated[bool, typer.Option("--test", help="Send a test to each of them now.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the notices of study.yaml and whether they arrive, or send each a test.

    Example: `alliance-etl notices --test --study north_star/`
    """
    from alliance_etl.errors import RunFailed
    from alliance_etl.morning.notices import standing, try_out
    from alliance_etl.study.load import load_study

    loaded = load_study(study)
    troubles = try_out(loaded) if test else {}
    document: dict[str, Any] = {"notices": standing(loaded)}
    if test:
        document["test"] = [{"notice": name, "sent": why is None, "trouble": why} for name, why in troubles.items()]
    failed = [f"{name}: {why}" for name, why in troubles.items() if why]
    if as_json:
        print_document({**document, **({"error": "; ".join(failed)} if failed else {})})
    else:
        _print(document)
    if failed and not as_json:
        raise RunFailed("\n".join(f"not sent to {told}" for told in failed))
    if failed:
        raise typer.Exit(3)


def _print(document: dict[str, Any]) -> None:
    if not document["notices"]:
        print("Nobody is told of anything: study.yaml has no notices (docs/morning.md says how to write them).")
        return
    for told in document.get("test", []):
        print(f"{told['notice']}: {'sent' if told['sent'] else 'not sent'}")
    if "test" not in document:
        columns = ["notice", "when", "sites", "last_sent", "failing_since", "trouble", "told"]
        listed = [[", ".join(n[c]) if isinstance(n[c], list) else n[c] for c in columns] for n in document["notices"]]
        print_table([column.replace("_", " ") for column in columns], listed)
