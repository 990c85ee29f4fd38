"""One file, all exports that read it: header first, then record by record; every line ends somewhere.

Blocks of records stream through; what an export keeps of them is typed and small.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from alliance_etl.findings.comment import UNDEFUSED, comment_position, exports_told, origin_told, without_comment
from alliance_etl.findings.frame import FileFinding, no_cells
from alliance_etl.intake import header as headers
from alliance_etl.intake.broken import broken_cells
from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.intake.hidden import without_ids
from alliance_etl.intake.identifiers import look_for_identifiers
from alliance_etl.intake.leave_out import without_headers, without_skipped
from alliance_etl.intake.long import read_long
from alliance_etl.intake.plan import Plan, Receipt
from alliance_etl.intake.records import Records
from alliance_etl.intake.repeats import settle_between, settle_repeats
from alliance_etl.intake.resources import without_doubtful
from alliance_etl.intake.sessions import resolved
from alliance_etl.intake.sheet_rows import SheetRows
from alliance_etl.intake.staged import StagedDrop, StagedExport
from alliance_etl.intake.ticks import with_ticks
from alliance_etl.intake.totals import compare_totals
from alliance_etl.intake.typed import adapted, untyped
from alliance_etl.intake.unread import held_whole, is_another_sites
from alliance_etl.intake.wide import read_wide
from alliance_etl.reading import Block, OpenedFile, Typed, Unreadable, open_file


@dataclass
class _Reading:
    """One export while the blocks of a file go by."""

    plan: Plan
    contract: AnswersContract
    positions: dict[str, int]
    rejection: FileFinding | None
    forms: list[pl.DataFrame] = field(default_factory=list)
    declared: list[pl.DataFrame] = field(default_factory=list)
    texts: list[pl.DataFrame] = field(default_factory=list)
    cells: list[pl.DataFrame] = field(default_factory=list)
    held_forms: set[str] = field(default_factory=set)
    rows_read: int = 0
    skipped: int = 0
    held: int = 0

    def new_log(self) -> CellLog:
        rule = self.plan.answer_rule
        return CellLog(self.plan.name, (*rule.missing, *rule.labels))


def stage_drop(
    path: Path,
    name: str,
    plans: Sequence[Plan],
    receipt: Receipt,
    contracts: Sequence[AnswersContract],
    elsewhere: Sequence[Sequence[str]] = (),
) -> StagedDrop:
    """Read a file, called `name` by the site, by the plans of all exports that read it. What the site got wrong is in
    the result, never raised.

    `elsewhere` holds the columns of other sites' exports, to notice a file in the wrong folder.
    """
    by_sheet: dict[str | None, list[int]] = {}
    for place, plan in enumerate(plans):
        by_sheet.setdefault(plan.export.sheet, []).append(place)
    if len(by_sheet) > 1:
        groups = [([plans[n] for n in places], [contracts[n] for n in places]) for places in by_sheet.values()]
        return _together([stage_drop(path, name, some, receipt, theirs, elsewhere) for some, theirs in groups])
    wanted = list(dict.fromkeys(name for plan in plans for name in _columns(plan)))
    delimiter = next((plan.export.delimiter for plan in plans if plan.export.delimiter), None)
    encoding = next((plan.export.encoding for plan in plans if plan.export.encoding), None)
    limits = plans[0].limits.of_reading()
    sheet = plans[0].export.sheet
    try:
        text = open_file(path, name, wanted, delimiter=delimiter, encoding=encoding, sheet=sheet, limits=limits)
        plans = resolved(adapted(plans, text.typed), text)
        staged = _stage_text(text, plans, receipt, contracts, wanted, delimiter)
        encoding = text.encoding
    except Unreadable as unreadable:
        staged = held_whole(path, name, plans, unreadable, wanted)
    suspect = any(finding.code in headers.OF_ANOTHER_SITE for finding in staged.findings)
    if suspect and staged.rejected and is_another_sites(path, name, elsewhere, encoding, limits):
        staged = replace(staged, findings=tuple(map(headers.of_another_site, staged.findings)))
    return replace(staged, lookalikes=frozenset().union(*(plan.pseudonyms.lookalikes for plan in plans)))


def _together(parts: Sequence[StagedDrop]) -> StagedDrop:
    """The sheets of one workbook that different exports read, as one drop. No one sheet is the file's."""
    own = ("sheet", "header_line", "columns")
    sheets = [
        {**{key: part.facts[key] for key in own}, "exports": [export.name for export in part.exports]}
        for part in parts
        if "sheet" in part.facts
    ]
    facts = {key: fact for key, fact in parts[0].facts.items() if key not in own}
    facts |= {"sheets": sheets} if sheets else {}
    return StagedDrop(
        exports=tuple(export for part in parts for export in part.exports),
        findings=tuple(dict.fromkeys(finding for part in parts for finding in part.findings)),
        cells=pl.concat([part.cells for part in parts]),
        facts=facts,
        is_fixme=any(part.is_fixme for part in parts),
        mends=tuple(mended for part in parts for mended in part.mends),
        lookalikes=frozenset().union(*(part.lookalikes for part in parts)),
    )


def _columns(plan: Plan) -> list[str]:
    return plan.export.wanted_columns(len(plan.instrument.item_numbers))


def _stage_text(
    text: OpenedFile,
    plans: Sequence[Plan],
    receipt: Receipt,
    contracts: Sequence[AnswersContract],
    wanted: Sequence[str],
    delimiter: str | None,
) -> StagedDrop:
    there = headers.locate(text.header, wanted)
    if not any(headers.same_name(name) in there for name in wanted):
        missing_header = headers.no_header(text.header, text.header_line, wanted, text.other_delimiters, delimiter)
        readings = [
            _Reading(plan, contract, {}, missing_header) for plan, contract in zip(plans, contracts, strict=True)
        ]
    else:
        readings = [_begin(plan, contract, text, wanted) for plan, contract in zip(plans, contracts, strict=True)]
    positions = sorted({position for reading in readings for position in reading.positions.values()})
    positions = positions or [0][: len(text.header)]  # resources without an answer make no column
    rows = SheetRows(text.header_line, text.header_rows)
    mends: list[tuple[int, str, int]] = []
    broken = _take_blocks(text, readings, positions, receipt, rows, mends)
    finished = settle_between([_finish(reading, receipt, rows) for reading in readings])
    exports = _without_ids(text, readings, finished)
    findings = _file_findings(text, readings, wanted)
    if not any(reading.rejection for reading in readings):
        ids = {reading.plan.name: reading.plan.export.participant for reading in readings}
        findings += look_for_identifiers(text, ids, wanted, receipt.day)
    cells = rows.placed(broken_cells(broken, text.encoding))
    is_fixme = bool(exports_told(text.header))
    names = " ".join(plan.name for plan in plans)
    mended = tuple((*row, names) for row in mends)
    return StagedDrop(exports, tuple(findings), cells, text.facts, is_fixme=is_fixme, mends=mended)


def _begin(plan: Plan, contract: AnswersContract, text: OpenedFile, known: Sequence[str]) -> _Reading:
    wanted = _columns(plan)
    there = headers.locate(text.header, wanted)
    rejection = headers.judge_header(plan.name, text.header, text.header_line, _due(plan, wanted, there), known)
    present = {name: there[headers.same_name(name)] for name in wanted if headers.same_name(name) in there}
    return _Reading(plan, contract, {} if rejection else present, rejection)


def _due(plan: Plan, wanted: Sequence[str], there: Mapping[str, int]) -> list[str]:
    """The columns that this file must have: those that are not optional, or are there; and a session or a date."""
    optional = set(plan.export.optional_columns)
    due = [name for name in wanted if name not in optional or headers.same_name(name) in there]
    stamps = [name for name in (plan.export.session, plan.export.date) if name is not None]
    return due if any(name in due for name in stamps) else [*due, *stamps]


def _take_blocks(
    text: OpenedFile,
    readings: Sequence[_Reading],
    positions: Sequence[int],
    receipt: Receipt,
    rows: SheetRows,
    mends: list[tuple[int, str, int]],
) -> pl.DataFrame:
    broken: list[pl.DataFrame] = []
    lost_from: int | None = None
    names = {headers.same_name(name) for name in text.header}
    is_fixme = bool(exports_told(text.header))
    typed = text.typed or (Typed() if is_fixme else None)
    comments = comment_position(text.header)
    for block in text.blocks(positions if comments is None else sorted({*positions, comments})):
        broken.append(block.broken)
        mends += _mended(block, comments)
        rows.see(block)
        for reading in readings:
            lost_from = _take_block(reading, block, receipt, names, lost_from, is_fixme=is_fixme, typed=typed)
    return pl.concat(broken) if broken else pl.DataFrame()


def _mended(block: Block, comments: int | None) -> list[tuple[int, str, int]]:
    """The rows of a fixme file that still say which held rows they are."""
    if comments is None:
        return []
    told = zip(block.frame["line"].to_list(), map(origin_told, block.frame[str(comments)].to_list()), strict=True)
    return [(line, *found) for line, found in told if found]


def _take_block(
    reading: _Reading,
    block: Block,
    receipt: Receipt,
    header: set[str],
    lost_from: int | None,
    *,
    is_fixme: bool,
    typed: Typed | None,
) -> int | None:
    reading.rows_read += block.frame.height + block.broken.height + block.blank.height
    reading.skipped += block.blank.height
    reading.held += block.broken.height
    if reading.rejection:
        reading.held += block.frame.height
        return lost_from
    log = reading.new_log()
    frame = block.frame.select(
        "line", *(pl.col(str(position)).alias(name) for name, position in reading.positions.items())
    )
    lacking = [name for name in _columns(reading.plan) if name not in reading.positions]
    if lacking:
        frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in lacking)
    frame = untyped(frame, reading.plan, typed, reading.positions)
    if is_fixme:
        frame = frame.with_columns(pl.col(list(reading.positions)).str.replace(*UNDEFUSED))
    records, lost_from = without_headers(Records(frame, reading.positions), reading.plan, header, lost_from, log)
    records, left_out = without_skipped(with_ticks(records, reading.plan), reading.plan)
    reading.skipped += left_out
    if typed is not None and typed.resources:
        records = without_doubtful(records, reading.plan, log)
    if reading.plan.export.layout == "wide":
        forms = read_wide(records, reading.plan, receipt, reading.contract, log)
        _keep(reading, compare_totals(records, forms, reading.plan, log))
        reading.forms.append(forms)
        reading.held_forms |= log.held_forms
        reading.held += len(log.held)
    else:
        reading.texts.append(records.frame)
        reading.held += len(log.held)
    reading.cells.append(log.frame())
    return lost_from


def _finish(reading: _Reading, receipt: Receipt, rows: SheetRows) -> StagedExport:
    log = reading.new_log()
    schema = reading.plan.rows_schema
    if reading.texts:
        records = Records(pl.concat(reading.texts), reading.positions)
        forms = read_long(records, reading.plan, receipt, reading.contract, log)
        _keep(reading, compare_totals(records, forms, reading.plan, log))
    else:
        forms = pl.concat([pl.DataFrame(schema=schema), *reading.forms])
    settled = settle_repeats(forms, reading.held_forms, log)
    return StagedExport(
        name=reading.plan.name,
        instrument=reading.plan.instrument.id,
        forms=settled.forms.select(list(reading.plan.forms_schema)),
        rows_read=reading.rows_read,
        repeated=settled.repeated + log.repeated,
        held=reading.held + len(log.held),
        skipped=reading.skipped,
        cells=rows.placed(pl.concat([*reading.cells, log.frame()])) if not reading.rejection else no_cells(),
        rejected=reading.rejection is not None,
        declared=pl.concat(reading.declared) if reading.declared else None,
    )


def _keep(reading: _Reading, declared: pl.DataFrame | None) -> None:
    if declared is not None:
        reading.declared.append(declared)


def _without_ids(
    text: OpenedFile, readings: Sequence[_Reading], exports: Sequence[StagedExport]
) -> tuple[StagedExport, ...]:
    columns = [
        reading.positions[column]
        for reading in readings
        for key, column in reading.plan.export.own_columns.items()
        if key in ("participant", "therapist", "rater") and column in reading.positions
    ]
    hidden = without_ids(text, columns, [export.cells for export in exports])
    return tuple(replace(export, cells=cells) for export, cells in zip(exports, hidden, strict=True))


def _file_findings(text: OpenedFile, readings: Sequence[_Reading], known: Sequence[str]) -> list[FileFinding]:
    findings = list(dict.fromkeys(reading.rejection for reading in readings if reading.rejection))
    if not findings:
        unread = headers.unread_columns(without_comment(text.header), known)
        if unread:
            findings.append(
                FileFinding("columns_not_read", line=text.header_line, detail=headers.listed(unread), count=len(unread))
            )
        if not any(reading.rows_read - reading.skipped for reading in readings):
            findings.append(FileFinding("header_only", line=text.header_line, expected="rows of answers"))
    return findings
