"""What was judged is kept, so that a night without news does not go through all answers again."""

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import polars as pl

from alliance_etl.fitness.catalogue import criterion_rows
from alliance_etl.fitness.judged import Files, Judged
from alliance_etl.state.layout import written_whole
from alliance_etl.study.model import Study

# Raised when the same forms are counted otherwise than before.
_VERSION = 1


def judged_once(folder: Path, study: Study, files: Files, judge: Callable[[], Judged]) -> Judged:
    """What `judge` says of these scored files, kept in a folder as long as neither they nor the rules change."""
    mark = _mark(study, files)
    paths = [folder / f"{mark}.{name}" for name in ("fitness", "duplicates")]
    if not all(path.is_file() for path in paths):
        judged = judge()
        for path, frame in zip(paths, (judged.fitness, judged.duplicates), strict=True):
            with written_whole(path) as draft:
                frame.write_parquet(draft)
    for path in set(folder.iterdir()) - set(paths):  # also what a night that was killed has left
        path.unlink()
    return Judged(*map(pl.read_parquet, paths))


def _mark(study: Study, files: Files) -> str:
    facts = [
        _VERSION,
        version("alliance-etl"),
        criterion_rows(),
        study.fitness.model_dump(),
        [expected.model_dump() for expected in study.expects],
        study.alerts.straight_lining_items,
        {name: [[site, path.name] for site, path in listed] for name, listed in files.items()},
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
