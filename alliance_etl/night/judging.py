"""Judging one drop: what its rows are, what its findings are, what became of it.

The same for a new drop and for one that is taken in anew from the archive.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from alliance_etl.alerts.answers import NAME as ANSWERS
from alliance_etl.alerts.answers import Answers, is_called_so, may_answer_alerts, read_answers
from alliance_etl.findings.comment import may_be_fixme
from alliance_etl.findings.frame import FileFinding, causes, of_file
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.staged import StagedDrop, StagedExport, judged
from alliance_etl.night.ahead import Ahead, stage_by
from alliance_etl.night.coming_again import ComingAgain, coming_again
from alliance_etl.night.plans import Plans
from alliance_etl.night.reports import Counts
from alliance_etl.night.site_forms import SiteForms
from alliance_etl.night.source import Source
from alliance_etl.receipts.against import difference
from alliance_etl.receipts.files import read_cells
from alliance_etl.state.archive import Archive
from alliance_etl.state.entries import Drop, DroppedAnswer
from alliance_etl.state.layout import Layout, write_frame
from alliance_etl.state.ledger import Ledger

_MOST_PLACES = 20


@dataclass
class DropJudge:
    """Judges the drops of one site."""

    site: str
    layout: Layout
    ledger: Ledger
    plans: Plans
    ahead: Ahead
    archive: Archive

    def judge(self, source: Source, drop: Drop, earlier: Sequence[Drop], forms: SiteForms) -> Drop:
        """The drop with its counts, status and findings; its forms are folded into `forms`.

        `earlier` are the site's drops before it.
        """
        plans = self.plans.for_file(drop.file)
        if may_be_fixme(drop.file):
            plans = source.read(lambda path: self.plans.for_content(drop.file, path))
        if may_answer_alerts(drop.file):
            surely = not plans and is_called_so(drop.file)
            answers = source.read(lambda path: read_answers(path, drop.file, self.plans.limits, surely=surely))
            if answers is not None:
                return self._answering(drop, answers, earlier)
        if not plans:
            finding = FileFinding("no_export", expected=self.plans.file_patterns or "no file at all")
            return self._found(replace(drop, status="rejected", counts=Counts(), exports={}, answers=()), [finding])
        again = coming_again(drop, earlier, self.plans)
        if again is None:
            return self._judged(drop, self._staged(source, drop, plans), forms, again, earlier)
        if not again.others_since:
            return self._duplicate(drop, again.first)
        staged = self._staged(source, drop, plans)
        if not again.counts:
            return self._kept(drop, staged, forms, again)
        return self._judged(drop, staged, forms, again, earlier)

    def _answering(self, drop: Drop, answers: Answers, earlier: Sequence[Drop]) -> Drop:
        """A drop that answers alerts, with what it says of each; whether there are such alerts shows at publication."""
        again = coming_again(drop, earlier, self.plans)
        if again and not (again.others_since and again.counts):
            return self._duplicate(drop, again.first)
        said = tuple(
            DroppedAnswer(a.line, a.alert_id, self.archive.mark(words), self.archive.seal(words))
            for a in answers.answers
            for words in [json.dumps([a.confirmed_by, a.reason])]
        )
        standing = [other for other in earlier if other.status not in ("duplicate", "rejected")]
        before = {answer.alert_id: answer.mark for other in standing for answer in self.ledger.answers(other)}
        counts = answers.counts(before, {answer.alert_id: answer.mark for answer in said})
        drop = replace(
            drop,
            counts=counts,
            exports={ANSWERS: counts},
            status="rejected" if answers.rejected else "accepted",
            facts=dict(answers.facts or {}),
            answers=said,
        )
        return self._with_findings(drop, answers.cells)

    def _kept(self, drop: Drop, staged: StagedDrop, forms: SiteForms, again: ComingAgain) -> Drop:
        """A file sent twice: harmless, but told where what it once brought has been corrected since."""
        newer = sum(forms.compared(drop, export).superseded.height for export in staged.exports)
        told = FileFinding("newer_answers_kept", expected=again.first.file, detail=_forms(newer), count=newer)
        return self._duplicate(drop, again.first, [told] if newer else [])

    def _duplicate(self, drop: Drop, twin: Drop, more: Sequence[FileFinding] = ()) -> Drop:
        was = twin.counts
        counts = Counts(
            was.rows_read, unchanged=was.new + was.changed + was.unchanged, held=was.held, skipped=was.skipped
        )
        return self._found(
            replace(drop, status="duplicate", counts=counts, exports={}, answers=()),
            [FileFinding("duplicate_file", expected=twin.file), *more],
        )

    def _staged(self, source: Source, drop: Drop, plans: list[Plan]) -> StagedDrop:
        staged = self.ahead.staged(self.site, source.file, drop.received_at) if source.file else None
        if staged is not None:
            return staged
        return source.read(lambda path: stage_by(self.plans, plans, path, drop.file, drop.received_at))

    def _judged(
        self, drop: Drop, staged: StagedDrop, forms: SiteForms, again: ComingAgain | None, earlier: Sequence[Drop]
    ) -> Drop:
        """The drop with what its staged forms did to the current ones, which they are folded into."""
        counts, vanished, against = {}, [], {}
        forms.lookalikes |= staged.lookalikes
        for export in staged.exports:
            plan = self.plans.plans[export.name]
            before = forms.forms_of(export.instrument, self._role_apart(plan))
            if plan.export.snapshot and not export.rejected and not staged.is_fixme:
                vanished += self._vanished(export, forms, earlier)
            folded = forms.fold_in(drop, export)
            if not export.rejected:
                against[export.name] = difference(plan, folded, before)
            unchanged = folded.unchanged + export.repeated
            counts[export.name] = Counts(
                export.rows_read, folded.new, folded.changed, unchanged, export.held, export.skipped
            )
        total = sum(counts.values(), Counts())
        told = [*self._also_elsewhere(total, drop.sha256, staged), *vanished]
        if again and not staged.rejected:
            back = total.new + total.changed
            if not back and not vanished:
                return self._duplicate(drop, again.first)
            if back:
                told.append(FileFinding("file_went_back", expected=again.first.file, detail=_forms(back), count=back))
        drop = replace(
            drop,
            counts=total,
            exports=counts,
            status=judged(staged, has_findings=False),
            facts={**staged.facts, "against_earlier": against, **({"mends": staged.mends} if staged.mends else {})},
            answers=(),
        )
        return self._found(drop, told, staged)

    def _role_apart(self, plan: Plan) -> str | None:
        """The plan's rater role where another export of the site brings the same instrument from another role."""
        roles = {other.rater_role for other in self.plans.plans.values() if other.instrument.id == plan.instrument.id}
        return plan.rater_role if len(roles) > 1 else None

    def _vanished(self, export: StagedExport, forms: SiteForms, earlier: Sequence[Drop]) -> list[FileFinding]:
        """Forms of the export's instrument and rater role that earlier drops brought and a snapshot no longer has."""
        absent = forms.absent(export, self.plans.plans[export.name].rater_role)
        if absent.is_empty():
            return []
        held = f"; {export.held} rows of the file are held, some of them may be among these" if export.held else ""
        return [
            FileFinding(
                "forms_vanished",
                export.name,
                expected=_places(absent, {drop.drop_id: drop.file for drop in earlier}),
                detail=f"{_forms(absent.height)}{held}",
                count=absent.height,
            )
        ]

    def _also_elsewhere(self, counts: Counts, sha256: str, staged: StagedDrop) -> list[FileFinding]:
        alerts = []
        if counts.rows_read and self.ledger.from_elsewhere(sha256, self.site):
            alerts.append(FileFinding("other_sites_file"))
        return [*staged.findings, *alerts]

    def told_elsewhere(self, other: Drop) -> Drop | None:
        """Another site's earlier drop of the same content, with the alert: whoever was first, both are told.

        None where the alert is there already, or not due.
        """
        cells = read_cells(self.layout, other)
        if "other_sites_file" in cells["code"] or not other.counts.rows_read or other.status == "duplicate":
            return None
        return self._with_findings(other, pl.concat([cells, of_file([FileFinding("other_sites_file")])]))

    def _found(self, drop: Drop, findings: Sequence[FileFinding], staged: StagedDrop | None = None) -> Drop:
        """The drop with what was found in it."""
        parts = [of_file(findings)]
        if staged:
            parts += [staged.cells, *(export.cells for export in staged.exports)]
        return self._with_findings(drop, pl.concat(parts))

    def _with_findings(self, drop: Drop, cells: pl.DataFrame) -> Drop:
        """Write the drop's findings beside the ledger, and judge its status by them."""
        if cells.is_empty():
            return replace(drop, findings=0, findings_file=None)
        path = Path("findings") / drop.site / f"{drop.drop_id}-{datetime.now(UTC):%Y%m%d%H%M%S%f}.parquet"
        write_frame(cells, self.layout.state / path)
        status = "accepted_with_findings" if drop.status == "accepted" else drop.status
        return replace(drop, findings=causes(cells), findings_file=str(path), status=status)


def _forms(count: int) -> str:
    return f"{count} form{'s' * (count != 1)}"


def _places(forms: pl.DataFrame, files: Mapping[str, str]) -> str:
    """Where forms stood when they last came, as "the forms of 1.csv, lines 3, 4"; of many, the first."""
    told = forms.with_columns(file=pl.col("drop_id").cast(pl.String).replace(files)).sort("file", "line")
    some = told.head(_MOST_PLACES).group_by("file", maintain_order=True).agg("line")
    parts = [f"{file}, lines {', '.join(map(str, lines))}" for file, lines in some.iter_rows()]
    more = f" and {told.height - _MOST_PLACES} more" if told.height > _MOST_PLACES else ""
    return f"the forms of {'; '.join(parts)}{more}"
