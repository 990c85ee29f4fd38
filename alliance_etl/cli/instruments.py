"""`instruments`: the registry, and all that is known of one form."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import AsJson, Verbose
from alliance_etl.cli.outcome import verb

if TYPE_CHECKING:
    from alliance_etl.instruments.model import Conflict, Instrument, Mapped
    from alliance_etl.instruments.registry import Registry


def add_to(app: typer.Typer) -> None:
    app.command("instruments")(verb(instruments))


def instruments(
    instrument_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Show all of this one.")] = None,
    study: Annotated[
        Path | None,
        typer.Option("--study", envvar="ALLIANCE_STUDY", metavar="PATH", help="With the study's own instruments."),
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the questionnaires that are known, or show one: key, range, mapping, grade, sources.

    Example: `alliance-etl instruments wai_sr_client`
    """
    registry = _registry(study)
    wanted = registry[instrument_id] if instrument_id else None
    if as_json and wanted:
        print_document(_as_document(registry, wanted))
    elif as_json:
        print_document({"instruments": [_as_document(registry, known) for known in registry.values()]})
    elif wanted:
        _print_one(registry, wanted)
    else:
        _print_list(registry)


def _registry(study: Path | None) -> "Registry":
    """The built-in instruments, with a study's own ones where one is named or where the working directory is one."""
    from alliance_etl.instruments.registry import load_registry

    if study is None and not Path("study.yaml").is_file():
        return load_registry()
    from alliance_etl.study.load import load_study

    return load_registry(load_study(study or ".").folder / "instruments")


def _as_document(registry: "Registry", instrument: "Instrument") -> dict[str, Any]:
    document = instrument.model_dump(mode="json")
    return {**document, "rule": instrument.known_rule, "origin": registry.origin(instrument.id)}


def _print_list(registry: "Registry") -> None:
    columns = ("id", "name", "status", "raters", "items", "answers", "components")
    rows = (
        [
            instrument.id,
            instrument.name,
            instrument.status.replace("_", " "),
            ", ".join(instrument.rater_roles),
            instrument.n_items,
            _answers(instrument),
            ", ".join(f"{line.component} {line.grade or ''}".strip() for line in instrument.estimated()),
        ]
        for instrument in registry.values()
    )
    print_table(columns, rows)


def _answers(instrument: "Instrument") -> str:
    if instrument.response is None:
        return "not known"
    return f"{instrument.response.min:g} to {instrument.response.max:g}"


def _print_one(registry: "Registry", instrument: "Instrument") -> None:
    facts = {
        "Name": instrument.name,
        "Status": f"{instrument.status.replace('_', ' ')} ({registry.origin(instrument.id)})",
        "Kind": instrument.kind,
        "A higher score is": instrument.higher_is,
        "Raters": ", ".join(instrument.rater_roles),
        "Items": instrument.n_items,
        "Answers": _answers(instrument),
        "Reversed items": _numbers(instrument.reversed_items),
        "Rule": instrument.known_rule,
        "Missing answers": instrument.missing_rule,
        "DOI": instrument.doi,
        "Needed from the study": ", ".join(instrument.missing_facts()),
        "Warning": instrument.warning,
    }
    for name, fact in facts.items():
        if fact not in (None, ""):
            print(f"{name}: {fact}")
    scales = [[name, _numbers(scale.items), instrument.scale_rule(name)] for name, scale in instrument.scales.items()]
    print_table(["scale", "items", "rule"], scales)
    lines = [_mapping_row(instrument, line) for line in instrument.mapping]
    print_table(["component", "grade", "items", "why"], lines)
    _print_texts("Hazards", instrument.hazards)
    _print_texts("Known conflicts", [_conflict(registry.conflicts[name]) for name in instrument.conflicts])
    _print_texts("Notes", instrument.notes)
    _print_texts("Sources", [f"{name}: {registry.sources[name].what}" for name in _cited(instrument)])


def _print_texts(title: str, texts: Sequence[str]) -> None:
    if texts:
        print(f"{title}:", *(f"  - {text}" for text in texts), sep="\n")


def _mapping_row(instrument: "Instrument", line: "Mapped") -> list[str]:
    why = "; ".join(text for text in (line.reason, line.caveat, "key needed" if line.needs_key else None) if text)
    return [line.component, line.grade or "", _numbers(instrument.mapped_items(line)) or line.what or "", why]


def _conflict(conflict: "Conflict") -> str:
    verdict = f" Verdict: {conflict.verdict}" if conflict.verdict else ""
    return f"{conflict.what}: (a) {conflict.a}; (b) {conflict.b}.{verdict}"


def _cited(instrument: "Instrument") -> list[str]:
    """The ids of all sources that the instrument rests on, each once, in order."""
    of_facts = (name for evidence in instrument.evidence.values() for name in evidence.sources)
    of_mapping = (name for line in instrument.mapping for name in line.sources)
    return sorted({*of_facts, *of_mapping})


def _numbers(items: tuple[int, ...] | None) -> str:
    return "not known" if items is None else ", ".join(map(str, items)) or "none"
