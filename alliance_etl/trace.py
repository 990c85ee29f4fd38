"""Every number of one form back to drop, file, line, column, raw value and rule.

The drop is read again from the archive by the very code that took it in; ids stay pseudonyms.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from alliance_etl.errors import ConfigurationError, RunFailed
from alliance_etl.findings.frame import cell_name
from alliance_etl.intake.drop import stage_drop
from alliance_etl.intake.header import locate, same_name
from alliance_etl.intake.plan import Plan, Receipt
from alliance_etl.intake.records import Records
from alliance_etl.intake.sheet_rows import SheetRows
from alliance_etl.intake.ticks import with_ticks
from alliance_etl.night.night import Night
from alliance_etl.publication.linked import LINKED, linked_columns
from alliance_etl.publication.scored import Scoring, wide_forms
from alliance_etl.reading import open_file
from alliance_etl.state.entries import Drop, Segment
from alliance_etl.trace_rules import answer_rule, component_rule, given_rule, identity_rule, score_rule

# column to line, cell as a spreadsheet shows it, and raw text
_Texts = dict[str, tuple[int, str | None, str | None]]


def trace_form(night: Night, form_id: str, revision: int | None = None) -> dict[str, Any]:
    """The form as a JSON document, its newest version or that `revision`. ConfigurationError where there is none."""
    segment, form = _find(night, form_id)
    newest = form.row(0, named=True)
    if revision is not None and revision != newest["revision"]:
        form = _version(night, segment, form_id, revision)
    scoring = next(s for s in night.scorings if s.instrument.id == segment.instrument)
    row = form.row(0, named=True)
    drop = _brought_by(night.ledger.drops(segment.site), row["drop_id"], row["received_at"])
    plan, texts, answers = _raw(night, drop, form_id, row["line"])
    scored = wide_forms(form.with_columns(site=pl.lit(segment.site)), scoring).row(0, named=True)
    return {
        "form_id": form_id,
        **{
            name: _plain(scored[name])
            for name in ("site", "participant", "therapist", "rater_role", "rater", "instrument")
        },
        **{name: _plain(scored[name]) for name in ("session", "session_date", "revision", "n_answered")},
        "drop": {
            "drop_id": drop.drop_id,
            "file": drop.file,
            "line": row["line"],
            "received_at": _plain(row["received_at"]),
        },
        "export": plan.name,
        "identity": _identity(scored, plan, texts),
        "answers": [_answer(scored, plan, item, answers) for item in plan.instrument.item_numbers],
        "scores": [_score(scored, scoring, scale, plan, texts) for scale in scoring.instrument.scales],
        "components": _components(scored, scoring),
        "revisions": _revisions(night, segment, form_id, newest),
    }


def _find(night: Night, form_id: str) -> tuple[Segment, pl.DataFrame]:
    for segment in night.ledger.segments(kind="current"):
        if segment.site not in night.study.sites:
            continue
        form = pl.scan_parquet(night.layout.state / segment.path).filter(pl.col("form_id") == form_id).collect()
        if form.height:
            return segment, form
    raise ConfigurationError(f"no form {form_id!r}; form ids are in the column form_id of the table forms")


def _version(night: Night, segment: Segment, form_id: str, revision: int) -> pl.DataFrame:
    """A version that later drops have replaced."""
    known = []
    for earlier in night.ledger.segments(segment.site, segment.instrument, "superseded"):
        path = night.layout.state / earlier.path
        versions = pl.scan_parquet(path).filter(pl.col("form_id") == form_id).collect()
        known += versions["revision"].to_list()
        if revision in known:
            return versions.filter(revision=revision).drop("superseded_at")
    listed = ", ".join(str(number) for number in sorted(known))
    raise ConfigurationError(f"{form_id} has no revision {revision}; before the newest there are {listed or 'none'}")


def _brought_by(drops: Sequence[Drop], drop_id: str, received_at: datetime) -> Drop:
    """The drop that brought a form; the same content may have come more than once."""
    same = [drop for drop in drops if drop.drop_id == drop_id and drop.status != "duplicate"]
    return next((drop for drop in same if drop.received_at == received_at), same[0])


def _raw(night: Night, drop: Drop, form_id: str, line: int) -> tuple[Plan, _Texts, _Texts]:
    """The plan that read the form, what stands in its first row, and its answers (long: by text of the item column)."""
    day = drop.received_at.astimezone(ZoneInfo(night.plans(drop.site).timezone)).date()
    with night.archive.opened(drop.sha256, night.layout.state) as path:
        for plan in night.plans(drop.site).for_content(drop.file, path):
            receipt = Receipt(day)
            staged = stage_drop(path, drop.file, [plan], receipt, [night.plans(drop.site).contract(plan)])
            forms = staged.exports[0].forms
            if form_id in forms["form_id"]:
                return plan, *_texts(path, drop.file, plan, line)
    raise RunFailed(
        f"the form is not in the archived drop {drop.drop_id} any more; run alliance-etl run, then trace again"
    )


def _texts(path: Path, file: str, plan: Plan, line: int) -> tuple[_Texts, _Texts]:
    export = plan.export
    wanted = export.wanted_columns(len(plan.instrument.item_numbers))
    text = open_file(path, file, wanted, delimiter=export.delimiter, encoding=export.encoding, sheet=export.sheet)
    there = locate(text.header, wanted)
    at = {name: there[same_name(name)] for name in wanted if same_name(name) in there}
    frames, sheet = [], SheetRows(text.header_line, text.header_rows)
    for block in text.blocks(sorted(set(at.values()))):
        frames.append(block.frame)
        sheet.see(block)
    records = sheet.placed(pl.concat(frames)).select(
        "line", "row", *(pl.col(str(position)).alias(name) for name, position in at.items())
    )
    together = with_ticks(Records(records, at), plan)
    first, where = together.frame.filter(pl.col("line") == line), together.positions
    there_in_row = {name: (line, cell_name(where[name], first["row"][0]), first[name][0]) for name in where}
    if export.layout == "wide":
        return there_in_row, there_in_row
    person = [name for name in (export.participant, export.rater, export.session or export.date) if name]
    rows = records.join(first.select(person), on=person, how="semi", nulls_equal=True, maintain_order="left")
    item, value = export.layout.item, export.layout.value
    return there_in_row, {
        row[item].strip(): (row["line"], cell_name(at[value], row["row"]), row[value])
        for row in rows.iter_rows(named=True)
        if row[item]
    }


def _identity(scored: dict[str, Any], plan: Plan, texts: _Texts) -> list[dict[str, Any]]:
    """Where the form's session, its date and its pseudonyms come from; of an id only the place is told."""
    export, found = plan.export, []
    for name, column in (
        ("participant", export.participant),
        ("therapist", export.therapist),
        ("rater", export.rater),
        ("session", export.session),
        ("session_date", export.date),
    ):
        if column is not None:
            line, cell, raw = texts.get(column, (None, None, None))
            told = {"line": line, "cell": cell, "raw": raw if name in ("session", "session_date") else None}
            value = _plain(scored[name])
            found.append({"what": name, "column": column, **told, "value": value, "rule": identity_rule(plan, name)})
    return found


def _answer(scored: dict[str, Any], plan: Plan, item: int, texts: _Texts) -> dict[str, Any]:
    column = plan.items.get(item)
    line, cell, raw = texts.get(column or "", (None, None, None))
    value = scored[f"item_{item}"]
    own, is_reversed = plan.own, item in (plan.instrument.reversed_items or ())
    reasons = json.loads(scored["missing"] or "{}")
    return {
        "item": item,
        "column": column,
        "line": line,
        "cell": cell,
        "raw": raw,
        "value": value,
        "keyed": None if value is None else own.min + own.max - value if is_reversed else value,
        "missing": reasons.get(str(item), _blank(scored)) if value is None else None,
        "rule": answer_rule(plan, item, raw) if column else "the site delivers scale scores only",
    }


def _blank(scored: dict[str, Any]) -> str:
    return "scores_only" if scored["n_answered"] is None else "blank"


def _score(scored: dict[str, Any], scoring: Scoring, scale: str, plan: Plan, texts: _Texts) -> dict[str, Any]:
    instrument = scoring.instrument
    items = instrument.scales[scale].items
    given = plan.export.scores.get(scale)
    n_answered = scored[f"n_score_{scale}"]
    rule = score_rule(scoring, scale, n_answered, scored[f"score_{scale}"])
    if given:
        rule = given_rule(plan, scale)
    _, cell, raw = texts.get(given or "", (None, None, None))
    return {
        "scale": scale,
        "score": scored[f"score_{scale}"],
        "n_items": len(items),
        "n_answered": n_answered,
        "rule": rule,
        **({"column": given, "cell": cell, "raw": raw} if given else {}),
    }


def _components(scored: dict[str, Any], scoring: Scoring) -> list[dict[str, Any]]:
    return [
        {
            "component": line.component,
            "pomp": scored[f"pomp_{line.component}"],
            "grade": line.grade,
            "rule": component_rule(scoring, line, scored[scoring.count_column(line)], scored[f"pomp_{line.component}"]),
            "reason": line.reason,
            **_linked(line.component, scored[f"pomp_{line.component}"], scoring),
        }
        for line in scoring.instrument.estimated(c_grade=scoring.c_grade)
    ]


def _linked(component: str, pomp: float | None, scoring: Scoring) -> dict[str, Any]:
    """What a component is on the ruler that study.yaml's crosswalks give it, by the SELECT that publishes it."""
    if scoring.ruler is None or pomp is None:
        return {}
    columns = linked_columns(component, scoring.ruler)
    asked = ", ".join(f"{getattr(columns, name)} AS {name}" for name in LINKED)
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {asked} FROM (SELECT ?::DOUBLE AS pomp_{component})", [pomp]).fetchone()
    told = dict(zip(LINKED, row or (), strict=True))
    crosswalk = scoring.ruler.crosswalk
    rule = "its own ruler" if crosswalk is None else f"on a line between the points of {crosswalk.id} around pomp"
    return {**told, "linked_rule": rule if told["linked"] is not None else None}


def _revisions(night: Night, segment: Segment, form_id: str, row: dict[str, Any]) -> list[dict[str, Any]]:
    names = ["revision", "drop_id", "line", "received_at", "superseded_at"]
    parts = [
        pl.scan_parquet(night.layout.state / s.path).filter(pl.col("form_id") == form_id).select(names).collect()
        for s in night.ledger.segments(segment.site, segment.instrument, "superseded")
    ]
    earlier = [dict(r) for part in parts for r in part.iter_rows(named=True)]
    newest = {name: row.get(name) for name in names}
    return [
        {name: _plain(value) for name, value in r.items()}
        for r in sorted([*earlier, newest], key=lambda r: r["revision"])
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
