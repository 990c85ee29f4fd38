"""What a study shows, to be compared with one that nobody disturbed; and what must never be seen anywhere."""

import hashlib
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from tests.scenario import TABLES, asked, published

EVERYTHING = (*TABLES, "alerts", "confirmations")
# In every id of a participant, so that nothing that holds one goes unnoticed.
TELLTALE = "Klient4711"
_ELSEWHERE = {"ledger.sqlite-wal", "ledger.sqlite-shm", "lock"}


@dataclass(frozen=True)
class Seen:
    """`tables` as published, and when each drop was `received`; `parquet` and `receipts` the hashes of the files'
    bytes; `state` and `warehouse` which files are where, by kind where nobody can foresee a name.
    """

    tables: dict[str, list[tuple[Any, ...]]]
    received: list[tuple[Any, ...]]
    parquet: list[tuple[str, str]]
    receipts: list[tuple[str, str]]
    state: dict[str, int]
    warehouse: dict[str, int]

    def differences(self, due: "Seen", apart: Collection[str] = ()) -> list[str]:
        """In what this is not as it should be."""
        differing = []
        for field in fields(self):
            mine, other = getattr(self, field.name), getattr(due, field.name)
            if field.name not in apart and mine != other:
                differing.append(f"{field.name}: {_told(mine, other)}")
        return differing


def _told(mine: Any, other: Any) -> str:
    ours, theirs = (set(map(str, each.items() if isinstance(each, dict) else each)) for each in (mine, other))
    return f"has {_some(ours - theirs)}, lacks {_some(theirs - ours)}"


def _some(things: set[str]) -> str:
    return "; ".join(thing[:300] for thing in sorted(things)[:4]) or "nothing"


def seen(study: Path) -> Seen:
    tables = published(study, EVERYTHING)
    received = asked(study, "SELECT drop_id, received_at FROM drops ORDER BY ALL")
    folder = study / "warehouse" / "tables"
    parquet = [path for path in sorted(folder.rglob("*.parquet")) if path.name != "meta.parquet"]
    receipts = sorted((str(path.relative_to(study)), _hash(path)) for path in _files(study / "receipts"))
    return Seen(
        tables,
        received,
        sorted((path.relative_to(folder).parts[0], _hash(path)) for path in parquet),
        receipts,
        _state(study),
        _warehouse(study),
    )


def opens(study: Path) -> int:
    """How many Parquet files the publication has, all of which could be read to their ends."""
    files = sorted((study / "warehouse" / "tables").rglob("*.parquet"))
    for file in files:
        pl.read_parquet(file)
    return len(files)


def exposed(*folders: Path) -> list[str]:
    """Where somebody's id stands in the clear, drops and fixme files apart."""
    return [
        str(path)
        for folder in folders
        for path in _files(folder)
        if not path.name.startswith("fixme") and TELLTALE.encode() in path.read_bytes()
    ]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _state(study: Path) -> dict[str, int]:
    """What the state holds: archived files by name, files that the ledger names (all there), others by kind. Forms and
    findings that the ledger names no more are the next night's to sweep away.
    """
    layout = Layout(study)
    with closing(Ledger(layout.ledger)) as ledger:
        named = {segment.path for segment in ledger.segments()}
        named |= {drop.findings_file for drop in ledger.drops() if drop.findings_file}
    found: Counter[str] = Counter({"lost": sum(not (layout.state / name).exists() for name in named)})
    for path in _files(layout.state):
        place = path.relative_to(layout.state)
        if "dagster" in place.parts or place.name in _ELSEWHERE:
            continue
        swept = place.parts[0] in ("forms", "findings") and str(place) not in named and path.suffix == ".parquet"
        if not swept:
            found[str(place) if place.parts[0] == "archive" else f"{place.parent}/*{path.suffix}"] += 1
    return dict(found)


def _warehouse(study: Path) -> dict[str, int]:
    """The names in the warehouse, and of drafts anywhere below it; of the publications just that they are few."""
    # pages for people are written by the command line, not by the steps alone
    found = Counter(path.name for path in (study / "warehouse").iterdir() if path.name != "reports")
    found.update(path.name for path in (study / "warehouse").rglob("*.tmp"))
    found["too many publications"] = int(len(list((study / "warehouse" / ".publications").iterdir())) > 3)
    return dict(found)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
