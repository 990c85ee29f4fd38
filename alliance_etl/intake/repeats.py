"""The same form more than once in one file (contract, section 5.2): equal answers count once, different ones hold all
its rows. It may stand in two rows, or in one row that two exports read.

Rows with equal answers may still differ in therapist or date. The first counts then, too, and that is told.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import polars as pl
import polars.selectors as cs

from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.staged import StagedExport

_PLACE = ("line", "n_lines")
_ANSWERS = cs.matches("^item_[0-9]+$|^given_|^missing$")
_BESIDE = {"therapist": "therapist", "session_date": "date"}
_MOST_LINES = 20


@dataclass(frozen=True)
class Settled:
    """`forms` has each form once; `repeated` counts the rows that only say again what an earlier row said."""

    forms: pl.DataFrame
    repeated: int


def settle_repeats(forms: pl.DataFrame, held_forms: Collection[str], log: CellLog) -> Settled:
    """Leave each form once, its first row; hold all rows of a form whose rows differ.

    A row that is held for what stands in it differs from any other row of its form (`held_forms`).
    """
    forms = _without_held(forms, held_forms, log)
    if forms["form_id"].n_unique() == forms.height:
        return Settled(forms, 0)
    answers, content = pl.struct(_ANSWERS), pl.struct(_ANSWERS | cs.matches("^apart$"))
    lines = pl.col("line").sort().head(_MOST_LINES).cast(pl.String).str.join(", ")
    counted = forms.with_columns(
        versions=content.n_unique().over("form_id"),
        code=pl.when(answers.n_unique().over("form_id") > 1)
        .then(pl.lit("form_twice"))
        .otherwise(pl.lit("session_shared")),
        first=pl.col("line").min().over("form_id"),
        expected=pl.format("one row; lines {} differ", lines.over("form_id")),
    )
    differing = counted.filter(pl.col("versions") > 1)
    log.form_ids.update(zip(differing["line"], differing["form_id"], strict=True))
    log.note(
        differing["line"],
        differing["code"],
        position=None,
        column=None,
        expected=differing["expected"],
        about=differing["form_id"],
    )
    agreeing = counted.filter(pl.col("versions") == 1)
    kept = agreeing.filter(pl.col("line") == pl.col("first"))
    _tell_what_else_differs(agreeing, kept, log)
    repeated = int(agreeing["n_lines"].sum()) - int(kept["n_lines"].sum())
    return Settled(kept.select(forms.columns), repeated)


def _tell_what_else_differs(agreeing: pl.DataFrame, kept: pl.DataFrame, log: CellLog) -> None:
    """Note the rows that say the same answers again, but with another therapist or date than the row that counts."""
    pairs = agreeing.join(kept, on="form_id", suffix="_kept").filter(pl.col("line") != pl.col("line_kept"))
    for column, name in _BESIDE.items():
        other = pairs.filter(pl.col(column).ne_missing(pl.col(f"{column}_kept"))).sort("line")
        log.note(
            other["line"],
            "form_repeated_differs",
            position=None,
            column=None,
            expected=other.select(pl.format("the {} of line {}", pl.lit(name), "line_kept"))[:, 0],
            detail=name,
            about=other["form_id"],
        )


def _without_held(forms: pl.DataFrame, held_forms: Collection[str], log: CellLog) -> pl.DataFrame:
    if not held_forms:
        return forms
    shared = forms["form_id"].is_in(list(held_forms))
    log.form_ids.update(zip(forms["line"].filter(shared), forms["form_id"].filter(shared), strict=True))
    log.note(
        forms["line"].filter(shared),
        "form_twice",
        position=None,
        column=None,
        expected="one row; another row of this form is held",
        about=forms["form_id"].filter(shared),
    )
    return forms.filter(~shared)


def settle_between(exports: Sequence[StagedExport]) -> tuple[StagedExport, ...]:
    """Hold the forms that two exports of a file make with different answers: nothing tells which are the form's."""
    settled = list(exports)
    for instrument in dict.fromkeys(export.instrument for export in exports):
        numbers = [number for number, export in enumerate(exports) if export.instrument == instrument]
        forms = pl.concat([exports[number].forms for number in numbers])
        if len(numbers) == 1 or forms["form_id"].n_unique() == forms.height:
            continue
        versions = pl.struct(pl.exclude("form_id", *_PLACE)).n_unique()
        differing = forms.group_by("form_id").agg(versions=versions).filter(pl.col("versions") > 1)
        sharing = [n for n in numbers if exports[n].forms.join(differing, on="form_id", how="semi").height]
        names = " and ".join(exports[number].name for number in sharing)
        for number in sharing:
            settled[number] = _without_shared(exports[number], differing, names)
    return tuple(settled)


def _without_shared(export: StagedExport, shared: pl.DataFrame, names: str) -> StagedExport:
    rows = export.forms.join(shared, on="form_id", how="semi", maintain_order="left")
    log = CellLog(export.name, (), form_ids=dict(zip(rows["line"], rows["form_id"], strict=True)))
    log.note(
        rows["line"],
        "form_in_two_exports",
        position=None,
        column=None,
        expected="one export, or raters told apart",
        detail=names,
    )
    return replace(
        export,
        forms=export.forms.join(shared, on="form_id", how="anti", maintain_order="left"),
        held=export.held + int(rows["n_lines"].sum()),
        cells=pl.concat([export.cells, log.frame()]),
    )
