"""Resources (FHIR) that cannot be trusted as forms: several answers where one is due, or no answer to any item."""

import polars as pl

from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.records import Records
from alliance_etl.reading.opened import SEVERAL


def without_doubtful(records: Records, plan: Plan, log: CellLog) -> Records:
    """Hold such resources, and hand on what is left to be judged.

    Where one file has the resources of several questionnaires, an export sees those of the others without any answer:
    these say nothing of the export's forms. One with several answers does, though what it says is not known.
    """
    frame = records.frame
    answers = list(dict.fromkeys([*plan.items.values(), *plan.export.scores.values()]))
    empty = frame.select(pl.all_horizontal(pl.col(answers).is_null()).alias("empty"))["empty"]
    if empty.any():
        lines = frame["line"].filter(empty)
        log.note(lines, "no_answers", position=None, column=None, expected="an answer to any of the export's items")
        frame = frame.filter(~empty)
    return _with_one_answer(Records(frame, records.positions), plan, log)


def _with_one_answer(records: Records, plan: Plan, log: CellLog) -> Records:
    frame, several = records.frame, pl.col(list(records.positions)).str.contains(SEVERAL, literal=True)
    doubtful = [column.name for column in frame.select(several) if column.any()]
    ids = [records.text(name) for name in (plan.export.participant, plan.export.therapist)]
    for column in doubtful:
        here = frame[column].str.contains(SEVERAL, literal=True).fill_null(value=False)
        log.note(
            frame["line"].filter(here),
            "several_answers",
            position=records.positions[column],
            column=column,
            expected="one answer",
            text=frame[column].filter(here),
            secrets=[each.filter(here) for each in ids],
        )
    cleared = (pl.when(~pl.col(name).str.contains(SEVERAL, literal=True)).then(name).alias(name) for name in doubtful)
    return Records(frame.with_columns(cleared), records.positions)
