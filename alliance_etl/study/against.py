"""Whether a study fits the instruments: what study.yaml asks for that an instrument does not have."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from alliance_etl.errors import KeyNeeded, StudyFileError, UnknownInstrument
from alliance_etl.faults import Fault
from alliance_etl.instruments.model import Instrument, Response
from alliance_etl.study.document import Document
from alliance_etl.study.source import read_document
from alliance_etl.words import did_you_mean, listed, nearest

if TYPE_CHECKING:
    from alliance_etl.study.model import Export, Study


def check_against(study: "Study", registry: Mapping[str, Instrument]) -> None:
    """Raise StudyFileError with everything in the study that its instruments cannot serve; else do nothing.

    The lines are read from the file again, and left out where the study did not come from a file.
    """
    faults = list(_faults(study, registry))
    if not faults:
        return
    document = _document(study)
    raise StudyFileError([_told(study, document, fault) for fault in faults])


def _document(study: "Study") -> Document | None:
    return read_document(study.path) if study.path.is_file() else None


def _told(study: "Study", document: Document | None, fault: Fault) -> str:
    if document is None:
        return f"{study.path.name}, {'.'.join(map(str, fault.place))}: {fault.message}"
    place = document.place(fault.place)
    return f"{study.path.name}, line {place.line}, {place.keys}: {fault.message}"


def _faults(study: "Study", registry: Mapping[str, Instrument]) -> Iterator[Fault]:
    c_grade = study.scoring.c_grade
    for instrument_id in c_grade if isinstance(c_grade, tuple) else ():
        if instrument_id not in registry:
            yield Fault(("scoring", "c_grade"), _unknown(instrument_id, registry))
    for site in study.sites.values():
        for export in site.exports.values():
            for fault in _of_export(export, registry):
                yield Fault(("sites", site.name, "exports", export.name, *fault.place), fault.message)


def _unknown(instrument_id: str, registry: Mapping[str, Instrument]) -> str:
    return str(UnknownInstrument(instrument_id, nearest(instrument_id, registry)))


def _of_export(export: "Export", registry: Mapping[str, Instrument]) -> Iterator[Fault]:
    if export.instrument not in registry:
        yield Fault(("instrument",), _unknown(export.instrument, registry))
        return
    instrument = registry[export.instrument]
    try:
        instrument.require_key()
    except KeyNeeded as needed:
        yield Fault(("instrument",), str(needed))
        return
    yield from _of_items(export, instrument)
    yield from _of_scales(export, instrument)
    yield from _of_answers(export, instrument)
    role, roles = export.rater_role, instrument.rater_roles
    if role is not None and role not in roles:
        yield Fault(("rater_role",), f'{instrument.id} is not filled in by "{role}"; expected {listed(roles)}')


def _of_items(export: "Export", instrument: Instrument) -> Iterator[Fault]:
    known = set(instrument.item_numbers)
    columns = export.item_columns(len(known))
    if isinstance(export.items, tuple) and len(columns) != len(known):
        count = f"{len(columns)} column{'s' * (len(columns) != 1)} for the {len(known)} items of {instrument.id}"
        yield Fault(("items",), f"{count}; expected one for each, in item order")
    elif columns and set(columns) != known:
        wrong = [(known - set(columns), "no column for"), (set(columns) - known, "there is no")]
        said = [f"{what} {_items(items)}" for items, what in wrong if items]
        yield Fault(("items",), f"{'; '.join(said)}; {instrument.id} has items 1 to {len(known)}")
    if strangers := set(export.reversed_at_source) - known:
        message = f"there is no {_items(strangers)}; {instrument.id} has items 1 to {len(known)}"
        yield Fault(("reversed_at_source",), message)
    if isinstance(export.items, str):
        yield from _of_template(export, columns.values())


def _of_template(export: "Export", columns: Iterable[str]) -> Iterator[Fault]:
    """A template that, written out, meets a column of another key; in the long layout it names no columns."""
    if export.layout != "wide":
        return
    others = {**export.own_columns, **export.scores, **export.totals}
    by_column = {column: key for key, column in others.items()}
    for column in columns:
        if column in by_column:
            yield Fault(("items",), f'"{column}" is the column of {by_column[column]} already; expected another one')


def _of_scales(export: "Export", instrument: Instrument) -> Iterator[Fault]:
    for key, scales in (("scores", export.scores), ("totals", export.totals)):
        for scale in scales:
            if scale not in instrument.scales:
                hint = did_you_mean(scale, instrument.scales)
                yield Fault((key, scale), f'{instrument.id} has no scale "{scale}"{hint}')


def _of_answers(export: "Export", instrument: Instrument) -> Iterator[Fault]:
    own = instrument.response
    assert own is not None, "require_key passes no instrument without a response range"
    for label, answer in export.labels.items():
        answers = f"the answers {own.min:g} to {own.max:g} of {instrument.id}"
        if not own.min <= answer <= own.max:
            yield Fault(("labels", label), f"{answer:g} is outside {answers}")
        elif not _on_a_step(answer, own):
            yield Fault(("labels", label), f"{answer:g} lies between two of {answers}; expected a whole step")


def _on_a_step(answer: float, own: Response) -> bool:
    if not own.whole_steps or own.step is None:
        return True
    steps = (answer - own.min) / own.step
    return abs(steps - round(steps)) < 1e-9


def _items(numbers: Iterable[int]) -> str:
    ordered = sorted(numbers)
    return f"item{'s' * (len(ordered) > 1)} {listed(ordered)}"
