"""The files of a receipt in receipts/<site>/<drop_id>/: receipt.json, findings.csv, receipt.html, fixme.<ext>, and
confirmations.csv where alerts are open.

Each is written whole or not at all. findings.csv has a line for every failing cell, the others tell the causes; texts
that a spreadsheet would take for a formula are defused.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, cast

import polars as pl

from alliance_etl.findings.frame import fold, no_cells, worded
from alliance_etl.reading import open_file
from alliance_etl.reading.contained import unpacked
from alliance_etl.reading.fhir import FhirFile
from alliance_etl.receipts.fixme import comments, write_fixme
from alliance_etl.receipts.fixme_fhir import write_fixme_fhir
from alliance_etl.receipts.fixme_grid import HeldRows, write_fixme_grid
from alliance_etl.receipts.model import VERSION
from alliance_etl.receipts.open_alerts import as_findings, write_open_alerts
from alliance_etl.receipts.page import page
from alliance_etl.state.entries import Drop, HeldRow
from alliance_etl.state.layout import Layout, written_whole

_NUMBER = r"^[+-]?[\d.,]+$"
_FORMULA = r"^[=+\-@\t\r]"
_CSV = ("export", "line", "cell", "column", "code", "severity", "value", "expected", "message", "how_to_fix", "count")

# Reads the bytes of the drop: calls what it is given with a path to them.
Reader = Callable[[Callable[[Path], None]], None]


def write_receipt(
    layout: Layout,
    same: Sequence[Drop],
    read: Reader,
    told: Sequence[Mapping[str, Any]] = (),
    good: Collection[HeldRow] = (),
) -> None:
    """Write the receipt of a content; `same` are the site's drops of it, in order of arrival, `told` the findings that
    follow from all that is published (open alerts above all, which confirmations.csv beside it asks about), `good` the
    held rows that later drops have made good.

    It is the receipt of the last one that was no duplicate, and tells what was found when it came again.
    """
    drop = next((each for each in reversed(same) if each.status != "duplicate"), same[0])
    since = [read_cells(layout, again).filter(pl.col("code") != "duplicate_file") for again in _since(drop, same)]
    folder = layout.receipts / drop.site / drop.drop_id
    for left in folder.glob(".*.tmp"):  # by a run that was killed
        left.unlink()
    cells = pl.concat([read_cells(layout, drop), *since])
    with written_whole(folder / "findings.csv", durable=False) as draft:
        if cells.is_empty() and not told:
            draft.write_text(f"\ufeff{','.join(_CSV)}\n", encoding="utf-8")
        else:
            findings_csv(cells, told).write_csv(draft, include_bom=True)
    findings = pl.concat([fold(cells), as_findings(told)])
    fixme = _fixme(folder, drop, without_rows(cells, good), read)
    to_confirm = write_open_alerts(folder, drop.facts, told)
    document = receipt(drop, findings, fixme, to_confirm, made_good_of(drop, good))
    with written_whole(folder / "receipt.html", durable=False) as draft:
        draft.write_text(page(document), encoding="utf-8")
    with written_whole(folder / "receipt.json", durable=False) as draft:
        draft.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _since(drop: Drop, same: Sequence[Drop]) -> Sequence[Drop]:
    return same[same.index(drop) + 1 :]


_WORKBOOKS = ("xlsx", "xls", "ods")
_OPENED = {"header_line", "sheets"}
"""The fact that a header was found, or one in each of several sheets."""


def _fixme(folder: Path, drop: Drop, cells: pl.DataFrame, read: Reader) -> str | None:
    """Write the fixme file, where there are rows to mend; the name that it has. One that is no longer due goes."""
    name = None
    due = drop.status == "accepted_with_findings" and drop.counts.held and drop.facts.keys() & _OPENED
    if due and comments(cells, drop.drop_id):
        name = f"fixme{_suffix(drop)}"
        with written_whole(folder / name, durable=False) as draft:
            read(lambda path: _write_rows(path, draft, drop, cells))
    for old in folder.glob("fixme*"):
        if old.name != name:
            old.unlink()
    return name


def _suffix(drop: Drop) -> str:
    kind = drop.facts.get("format")
    if kind == "fhir":
        return ".ndjson" if drop.facts["shape"] == "ndjson" else ".json"
    if kind is None:
        given = PurePath(drop.file).suffix.lower()
        return given if given and "packed" not in drop.facts else ".csv"
    return ".xlsx" if kind in _WORKBOOKS else ".csv"


def _write_rows(path: Path, draft: Path, drop: Drop, cells: pl.DataFrame) -> None:
    exports, facts, said = list(drop.exports), drop.facts, comments(cells, drop.drop_id)
    if facts.get("format") == "fhir":
        fhir = open_file(path, drop.file, (), encoding=str(facts["encoding"]))
        write_fixme_fhir(cast(FhirFile, fhir), draft, exports, said)
    elif "format" in facts:
        write_fixme_grid(list(_sheets(path, drop, cells)), draft, _suffix(drop))
    elif "packed" in facts:
        inside = unpacked(path, "gzip" if facts["packed"] == "gz" else "zip", drop.file)
        write_fixme(inside.path, draft, facts, exports, said)
    else:
        write_fixme(path, draft, facts, exports, said)


def _sheets(path: Path, drop: Drop, cells: pl.DataFrame) -> Iterator[HeldRows]:
    """The held rows of the one sheet or file, or of each sheet that exports of their own have read."""
    sheets: Any = drop.facts.get("sheets") or [{**drop.facts, "exports": list(drop.exports)}]
    for sheet in sheets:
        theirs = cells.filter(pl.col("export").is_in(sheet["exports"]))
        said = comments(theirs, drop.drop_id)
        if said:
            opened = open_file(path, drop.file, (), sheet=sheet.get("sheet"), header_line=int(sheet["header_line"]))
            yield HeldRows(opened, sheet["exports"], said)


def read_cells(layout: Layout, drop: Drop) -> pl.DataFrame:
    """The failing cells of a drop (CELLS)."""
    if not drop.findings_file:
        return no_cells()
    return pl.concat([no_cells(), pl.read_parquet(layout.state / drop.findings_file)], how="diagonal")


def read_all_cells(files: Sequence[Path]) -> pl.DataFrame:
    """The failing cells (CELLS) of many drops' files, and as `file` which of them holds each (0-based)."""
    place = {"/".join(path.parts[-2:]): number for number, path in enumerate(files)}  # below findings/<site>/
    if not place:
        return no_cells().with_columns(file=pl.lit(0, dtype=pl.UInt32))
    cells = pl.read_parquet(list(files), include_file_paths="file")
    named = pl.col("file").str.extract(r"([^/]+/[^/]+)$")
    return cells.with_columns(file=named.replace_strict(place, return_dtype=pl.UInt32))


def without_rows(cells: pl.DataFrame, rows: Collection[HeldRow]) -> pl.DataFrame:
    """The failing cells of other rows than these."""
    if not rows:
        return cells
    listed = pl.DataFrame(list(rows), schema={"export": pl.String, "line": pl.Int64}, orient="row")
    return cells.join(listed, on=["export", "line"], how="anti", nulls_equal=True, maintain_order="left")


def made_good_of(drop: Drop, good: Collection[HeldRow]) -> int:
    """How many of a drop's held rows are made good; a line that no export could take apart counts for each of them."""
    return sum(1 if export is not None else max(len(drop.exports), 1) for export, _ in good)


def receipt(
    drop: Drop, findings: pl.DataFrame, fixme: str | None, to_confirm: str | None = None, good: int = 0
) -> dict[str, Any]:
    """What receipt.json holds (alliance_etl.receipts.model): counts, in all and per export, and findings by cause."""
    facts = dict(drop.facts)
    against = facts.pop("against_earlier", {})
    facts.pop("mends", None)
    counts = drop.report().as_dict()
    del counts["findings"]
    return {
        "receipt": VERSION,
        **counts,
        "sha256": drop.sha256,
        "bytes": drop.bytes,
        "received_at": drop.received_at.isoformat(),
        "read_as": facts,
        "against_earlier": against,
        "made_good": good,
        "fixme": fixme,
        "confirmations": to_confirm,
        "findings": findings.to_dicts(),
    }


def findings_csv(cells: pl.DataFrame, told: Sequence[Mapping[str, Any]] = ()) -> pl.DataFrame:
    """Every failing cell, in the order of the file, in words; then what else is told."""
    ordered = worded(cells.sort("line", "position", nulls_last=False)).select(_CSV)
    ordered = pl.concat([ordered, as_findings(told).select(_CSV)])
    texts = [name for name, dtype in ordered.schema.items() if dtype == pl.String]
    return ordered.with_columns(defused(pl.col(name)) for name in texts)


def defused(text: pl.Expr) -> pl.Expr:
    """Texts that no spreadsheet takes for a formula; numbers stay numbers."""
    is_formula = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(is_formula).then(pl.lit("'") + text).otherwise(text).name.keep()
