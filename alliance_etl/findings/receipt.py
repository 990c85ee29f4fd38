"""The receipt of a drop: receipt.json and findings.csv in receipts/<site>/<drop_id>/.

findings.csv has a line for every failing cell; receipt.json tells the causes. Both are written whole or not at all, and
texts that a spreadsheet would take for a formula are defused.
"""

import json
from typing import Any

import polars as pl

from alliance_etl.findings.frame import fold, no_cells, worded
from alliance_etl.state.layout import Layout, written_whole
from alliance_etl.state.ledger import Drop

VERSION = 1
_NUMBER = r"^[+-]?[\d.,]+$"
_FORMULA = r"^[=+\-@\t\r]"
_CSV = ("export", "line", "cell", "column", "code", "severity", "value", "expected", "message", "how_to_fix", "count")


def write_receipt(layout: Layout, drop: Drop) -> None:
    """Write a drop's receipt. A duplicate leaves the receipt of the first drop of its content as it is."""
    folder = layout.receipts / drop.site / drop.drop_id
    if drop.status == "duplicate" and (folder / "receipt.json").exists():
        return
    for left in folder.glob(".*.tmp"):  # by a run that was killed
        left.unlink()
    cells = read_cells(layout, drop)
    with written_whole(folder / "findings.csv", durable=False) as draft:
        if cells.is_empty():
            draft.write_text(f"\ufeff{','.join(_CSV)}\n", encoding="utf-8")
        else:
            findings_csv(cells).write_csv(draft, include_bom=True)
    with written_whole(folder / "receipt.json", durable=False) as draft:
        draft.write_text(json.dumps(receipt(drop, fold(cells)), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_cells(layout: Layout, drop: Drop) -> pl.DataFrame:
    """The failing cells of a drop (CELLS)."""
    return pl.read_parquet(layout.state / drop.findings_file) if drop.findings_file else no_cells()


def receipt(drop: Drop, findings: pl.DataFrame) -> dict[str, Any]:
    """What receipt.json holds: the drop's counts, in all and per export, and its findings by cause."""
    report = drop.report().as_dict()
    return {
        "receipt": VERSION,
        **report,
        "sha256": drop.sha256,
        "bytes": drop.bytes,
        "received_at": drop.received_at.isoformat(),
        "read_as": drop.facts,
        "findings": findings.to_dicts(),
    }


def findings_csv(cells: pl.DataFrame) -> pl.DataFrame:
    """Every failing cell, in the order of the file, in words."""
    ordered = worded(cells.sort("line", "position", nulls_last=False)).select(_CSV)
    texts = [name for name, dtype in ordered.schema.items() if dtype == pl.String]
    return ordered.with_columns(defused(pl.col(name)) for name in texts)


def defused(text: pl.Expr) -> pl.Expr:
    """Texts that no spreadsheet takes for a formula; numbers stay numbers."""
    is_formula = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(is_formula).then(pl.lit("'") + text).otherwise(text).name.keep()
