"""The rows of a demo file before they are bytes: cells by column, and what is due to become of each row."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alliance_etl.demo.forms import FilledForm, TrueForm, answer_cells, fill_in, score_cells
from alliance_etl.demo.people import Sitting
from alliance_etl.demo.plan import PlannedFile, PlannedSite
from alliance_etl.instruments.model import Instrument
from alliance_etl.study.model import Export

FormKey = tuple[str, str, int, str | None]
"""Instrument, participant, session, rater: what makes a form of one site the same form."""


@dataclass
class Row:
    """One row. `held` names the exports that must hold it; `damage` says how its line is broken when it is written."""

    sitting: int
    cells: dict[str, str]
    forms: dict[str, FormKey]
    held: set[str] = field(default_factory=set)
    skipped: bool = False
    damage: str | None = None
    damaged_column: str | None = None

    def copy(self, **cells: str) -> "Row":
        return replace(self, cells={**self.cells, **cells}, held=set(self.held))


@dataclass(frozen=True)
class Sheet:
    """A file's columns in order, its rows and the truth behind them."""

    columns: tuple[str, ...]
    rows: list[Row]
    truth: tuple[TrueForm, ...]


def simulated(
    planned: PlannedSite,
    file: PlannedFile,
    exports: Sequence[Export],
    instruments: Mapping[str, Instrument],
    seen: Iterable[Sitting],
) -> Sheet:
    """The file as the clinic would have written it without a fault."""
    rows: list[Row] = []
    truth: list[TrueForm] = []
    for number, sitting in enumerate(seen, start=1):
        forms = {
            export.name: fill_in(sitting, export, instruments[export.instrument], unanswered=number in file.unanswered)
            for export in exports
        }
        truth.extend(form.truth for form in forms.values())
        for cells in _records(sitting, exports, instruments, forms):
            keys = {
                export.name: (export.instrument, sitting.participant, sitting.session, sitting.rater)
                for export in exports
            }
            row_name = {"": str(len(rows) + 1)} if planned.writes.row_names else {}
            rows.append(Row(number, {**row_name, **planned.extra, **cells, **file.change.get(number, {})}, keys))
    return Sheet(_columns(planned, exports, instruments), rows, tuple(truth))


def _columns(planned: PlannedSite, exports: Sequence[Export], instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    wanted = (
        column for export in exports for column in export.wanted_columns(instruments[export.instrument].n_items or 0)
    )
    row_name = [""] if planned.writes.row_names else []
    return tuple(dict.fromkeys([*row_name, *planned.extra, *wanted]))


def _records(
    sitting: Sitting, exports: Sequence[Export], instruments: Mapping[str, Instrument], forms: Mapping[str, FilledForm]
) -> Iterator[dict[str, str]]:
    """One record per sitting; in a long file, which holds one export only, one per item."""
    stamps: dict[str, str] = {}
    answers: dict[str, str] = {}
    for export in exports:
        instrument, form = instruments[export.instrument], forms[export.name]
        stamps |= _stamps(sitting, export)
        answers |= answer_cells(form, export, instrument) | score_cells(form, export, instrument)
    layout = exports[0].layout
    if layout == "wide":
        yield {**stamps, **answers}
    else:
        for item, answer in answers.items():
            yield {**stamps, layout.item: item, layout.value: answer}


def _stamps(sitting: Sitting, export: Export) -> dict[str, str]:
    texts = {
        export.participant: sitting.participant,
        export.session: str(sitting.session),
        export.date: sitting.day.strftime(export.date_format or "%Y-%m-%d"),
        export.therapist: sitting.therapist,
        export.rater: sitting.rater or "",
    }
    return {column: text for column, text in texts.items() if column is not None}
