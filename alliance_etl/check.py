"""What a run would say of a file, without a run: nothing written, no Dagster, and no key where none is at hand."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from alliance_etl.alerts.alone import alerts_alone
from alliance_etl.alerts.answers import NAME, Answers, is_called_so, may_answer_alerts, read_answers
from alliance_etl.errors import ConfigurationError
from alliance_etl.findings.frame import FileFinding, fold, of_file
from alliance_etl.instruments.registry import Registry
from alliance_etl.intake.drop import stage_drop
from alliance_etl.intake.plan import Receipt
from alliance_etl.intake.staged import StagedDrop, judged
from alliance_etl.night.news import content_hash
from alliance_etl.night.plans import Plans
from alliance_etl.night.promises import Promises
from alliance_etl.night.rehearsal import Rehearsed, has_no_forms, rehearse
from alliance_etl.night.reports import Counts, DropReport, DropStatus
from alliance_etl.study.model import Study


@dataclass(frozen=True)
class CheckReport:
    """The drop that the file would be, and its findings by cause.

    `compared`: whether that is beside the forms that the study has; else all its forms are counted as new.
    """

    drop: DropReport
    findings: list[dict[str, Any]]
    facts: dict[str, Any]
    compared: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {**self.drop.as_dict(), "compared": self.compared, "read_as": self.facts, "findings": self.findings}

    def page(self) -> str:
        """The receipt's page, as far as it can be written without a run."""
        from alliance_etl.receipts.page import page

        return page(
            {
                **self.as_dict(),
                "fixme": None,
                "made_good": 0,
                "confirmations": None,
                "against_earlier": self.facts.get("against_earlier", {}),
            },
            is_check=True,
        )


def check_file(study: Study, registry: Registry, promises: Promises, file: Path, site: str) -> CheckReport:
    """Judge a file as a drop of that site, received now: beside the forms that the study has, where this user may read
    them, and else alone. ConfigurationError for an unknown site or a missing file.
    """
    if site not in study.sites:
        raise ConfigurationError(f"no site {site!r} in {study.path}; there are {', '.join(study.sites)}")
    if not file.is_file():
        raise ConfigurationError(f"there is no file {file}")
    rehearsed = rehearse(study, registry, promises, file, site)
    return _alone(study, registry, promises, file, site) if rehearsed is None else _of_rehearsal(rehearsed, study)


def _of_rehearsal(rehearsed: Rehearsed, study: Study) -> CheckReport:
    drop, staged = rehearsed.drop, rehearsed.staged
    read = staged.exports if staged and drop.status != "duplicate" else ()
    alerts = alerts_alone([(rehearsed.plans[export.name], export.forms) for export in read], study.alerts)
    findings = fold(rehearsed.cells).to_dicts() if rehearsed.cells.height else []
    return CheckReport(drop.report(), [*findings, *alerts], dict(drop.facts), compared=True)


def _alone(study: Study, registry: Registry, promises: Promises, file: Path, site: str) -> CheckReport:
    """What follows from earlier drops is not known here, nor any key."""
    plans = Plans(study, site, registry, promises, secrets.token_bytes(32))
    if may_answer_alerts(file.name):
        surely = not plans.for_file(file.name) and is_called_so(file.name)
        answers = read_answers(file, file.name, plans.limits, surely=surely)
        if answers is not None:
            return _of_answers(answers, file, site, compared=has_no_forms(study))
    staged = _staged(plans, file)
    counts = {
        export.name: Counts(
            export.rows_read,
            new=int(export.forms["n_lines"].sum()),
            unchanged=export.repeated,
            held=export.held,
            skipped=export.skipped,
        )
        for export in staged.exports
    }
    cells = pl.concat([of_file(staged.findings), staged.cells, *(export.cells for export in staged.exports)])
    findings = fold(cells).to_dicts()
    status = judged(staged, has_findings=bool(findings))
    alerts = alerts_alone([(plans.plans[export.name], export.forms) for export in staged.exports], study.alerts)
    total = sum(counts.values(), Counts())
    drop = DropReport(content_hash(file)[:16], site, file.name, status, total, counts, len(findings))
    return CheckReport(drop, [*findings, *alerts], dict(staged.facts), compared=has_no_forms(study))


def _of_answers(answers: Answers, file: Path, site: str, *, compared: bool) -> CheckReport:
    """A file that answers alerts: whether there are such alerts, only a run can say."""
    counts = answers.counts({}, {answer.alert_id: answer for answer in answers.answers})
    findings = fold(answers.cells).to_dicts()
    status: DropStatus = "rejected" if answers.rejected else "accepted_with_findings" if len(findings) else "accepted"
    drop = DropReport(content_hash(file)[:16], site, file.name, status, counts, {NAME: counts}, len(findings))
    return CheckReport(drop, findings, dict(answers.facts or {}), compared)


def _staged(plans: Plans, file: Path) -> StagedDrop:
    reading = plans.for_content(file.name, file)
    if not reading:
        return StagedDrop(findings=(FileFinding("no_export", expected=plans.file_patterns),))
    now = datetime.now(UTC)
    receipt = Receipt(now.astimezone(ZoneInfo(plans.timezone)).date())
    return stage_drop(file, file.name, reading, receipt, [plans.contract(plan) for plan in reading], plans.elsewhere)
