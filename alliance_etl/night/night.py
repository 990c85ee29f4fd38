"""A night: the study's lock and ledger held open, and the steps that the assets call in order."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from alliance_etl.alerts.confirm import chosen
from alliance_etl.alerts.found import alerts_of
from alliance_etl.alerts.published import Told, confirmation_rows, findings_told
from alliance_etl.alerts.said import IsId, Said, everything_said, for_everybody
from alliance_etl.crosswalks.chosen import crosswalks_of
from alliance_etl.crosswalks.model import Crosswalk
from alliance_etl.errors import NotChecked
from alliance_etl.fitness.expected import expectation_rows
from alliance_etl.fitness.judged import Judged, judge
from alliance_etl.fitness.kept import judged_once
from alliance_etl.instruments.registry import Registry
from alliance_etl.intake.identity import Kind, pseudonyms
from alliance_etl.night import checks
from alliance_etl.night.ahead import Ahead, Errands
from alliance_etl.night.audited import keep_trail
from alliance_etl.night.disk import trouble_with_disk_told
from alliance_etl.night.news import unsettled
from alliance_etl.night.owed import Owed
from alliance_etl.night.plans import Plans
from alliance_etl.night.promises import Promises
from alliance_etl.night.publish import Alerted, Answers, Ready, publish
from alliance_etl.night.renewed import renew
from alliance_etl.night.reports import CheckResult, PublicationReport, ScoredReport, SiteReport
from alliance_etl.night.scorings import scorings_of
from alliance_etl.night.site_forms import sweep
from alliance_etl.night.take_in import SiteIntake
from alliance_etl.publication.build import as_frame
from alliance_etl.publication.scored import Scoring, is_scored, score_segments, scored_path, sweep_scored
from alliance_etl.state.archive import Archive
from alliance_etl.state.audit import Actor
from alliance_etl.state.entries import Segment
from alliance_etl.state.key import archive_key, same_key, study_key
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.lock import study_lock
from alliance_etl.study.model import Study

# Longer than this no run waits for a young file to settle; the next run takes it.
_LONGEST_SETTLING = 5.0
_KINDS: tuple[Kind, ...] = ("participant", "therapist", "rater")


@contextmanager
def open_night(
    study: Study,
    registry: Registry,
    promises: Promises,
    *,
    wait_seconds: float = 600,
    on_wait: Callable[[], None] | None = None,
    actor: Actor | None = None,
) -> Iterator["Night"]:
    """Take the study's lock and open its ledger. StudyLocked where another run holds it longer than `wait_seconds`.

    `actor` is who the audit trail names for what is done.
    """
    layout = Layout(study.folder)
    with trouble_with_disk_told(layout.state):
        layout.make()
    with ExitStack() as lock:
        with trouble_with_disk_told(layout.state):
            lock.enter_context(study_lock(layout.lock, wait_seconds=wait_seconds, on_wait=on_wait))
            ledger = Ledger(layout.ledger)
        try:
            with trouble_with_disk_told(layout.state):
                key = same_key(ledger, study_key(layout.key))
                keep_trail(ledger, study, registry, key, actor or Actor())
            night = Night(study, registry, promises, layout, ledger, key)
            night.crosswalks  # noqa: B018 - one that cannot be used ends the night before it does anything
            with closing(night.ahead):
                yield night
                with trouble_with_disk_told(layout.state):
                    night.owed.settle()
        finally:
            ledger.close()


@dataclass
class Night:
    """The steps of a night. Each leaves the study in a state from which the next run can go on."""

    study: Study
    registry: Registry
    promises: Promises
    layout: Layout
    ledger: Ledger
    key: bytes = field(repr=False)

    def sites_with_news(self, *, rebuild: bool = False) -> list[str]:
        """The sites with settled new files, another configuration, a receipt still owed, or a folder not to be read."""
        self._let_settle()
        for site in self.study.sites:
            self._site(site).begin_to_look()
        return [site for site in self.study.sites if self._site(site).has_news(rebuild=rebuild)]

    def stage_ahead(self, sites: Sequence[str]) -> None:
        """Let other processes read what these sites have dropped; `take_in` goes on from what they made of it."""
        now = datetime.now(UTC)
        self.ahead.begin(((site, file) for site in sites for file in self._site(site).stageable()), now)

    def take_in(self, site: str, *, rebuild: bool = False) -> SiteReport:
        with trouble_with_disk_told(self.layout.state):
            self._swept  # noqa: B018 - once per night
            return self._site(site).take_in(rebuild=rebuild)

    def check_conservation(self) -> CheckResult:
        return checks.conservation(self.ledger)

    def score(self) -> ScoredReport:
        """Score what is new, instrument by instrument; by now all receipts are out."""
        keep: list[Path] = []
        forms = {}
        with trouble_with_disk_told(self.layout.state):
            self.owed.settle()
            self.ahead.close()
            for scoring in self.scorings:
                segments = self.current(scoring)
                keep += score_segments(self.layout, segments, scoring)
                forms[scoring.instrument.id] = sum(segment.rows for segment in segments)
            sweep_scored(self.layout, keep)
        return ScoredReport(forms)

    def check_contracts(self) -> CheckResult:
        with trouble_with_disk_told(self.layout.state):
            return checks.contracts(self.ledger, self.promises, [(s, self._scored(s)) for s in self.scorings])

    def check_declared_totals(self) -> CheckResult:
        return checks.declared_totals(self.layout, self.ledger, self.study)

    def check_completeness(self) -> CheckResult:
        return checks.completeness([(s, self._scored(s)) for s in self.scorings], self.study)

    def check_open_alerts(self) -> CheckResult:
        return checks.open_alerts(self.alerts(), self.study)

    def check_fitness(self) -> list[CheckResult]:
        """One result per criterion of fitness for use: how many sites and therapists are doubtful, per site."""
        with trouble_with_disk_told(self.layout.state):
            return checks.fitness(self.judged.fitness, self.study)

    @cached_property
    def judged(self) -> Judged:
        """The current forms by the criteria of fitness for use. NotChecked where forms are not scored yet."""
        self._answers()
        files = {
            scoring.instrument.id: [(segment.site, path) for segment, path in self._scored(scoring)]
            for scoring in self.scorings
        }
        expectations = as_frame(self.promises.tables["expectations"], expectation_rows(self.study))
        return judged_once(
            self.layout.fitness, self.study, files, lambda: judge(self.study, self.scorings, files, expectations)
        )

    def publish(self) -> PublicationReport:
        """Publish everything that is scored, unless the publication already is just that."""
        with trouble_with_disk_told(self.layout.state):
            alerts, words, judged, answers = self.alerts(), self._said(), self.judged, self._answers()
        ids = {site: self.ids_at(site) for site in {word.site for word in words}}
        said = [for_everybody(word, ids[word.site]) for word in words]
        told = findings_told(alerts, said, [drop for drop in self.ledger.drops() if drop.site in self.study.sites])
        answered = Alerted(alerts, confirmation_rows(said, alerts), told)
        ready = Ready(
            self.study,
            self.registry,
            self.promises,
            self.layout,
            self.ledger,
            self.scorings,
            answers,
            answered,
            judged,
            self.crosswalks,
        )
        report = publish(ready)
        self._tell(told)
        return report

    def _tell(self, told: Told) -> None:
        """Renew the receipts that tell something else than is published now."""
        with trouble_with_disk_told(self.layout.state):
            renew(self.study, self.layout, self.ledger, told)
            for site in {drop.site for drop in self.ledger.receipts.due()} & self.study.sites.keys():
                self._site(site).write_receipts()
            self.owed.settle()

    def _said(self) -> list[Said]:
        return [word for word in everything_said(self.ledger, self.archive) if word.site in self.study.sites]

    def ids_at(self, site: str) -> IsId:
        """Tells whether a text is the id of somebody in the current forms of a site."""
        files = [path for scoring in self.scorings for segment, path in self._scored(scoring) if segment.site == site]
        frames = [pl.read_parquet(path, columns=list[str](_KINDS)) for path in files]
        people = {name for frame in frames for column in frame for name in column.unique()}
        return lambda texts: any(name in people for kind in _KINDS for name in pseudonyms(self.key, kind, site, texts))

    def alerts(self) -> pl.DataFrame:
        """All alerts of the current forms (alerts.found.ALERTS). NotChecked where forms are not scored yet."""
        self._answers()
        files = [(segment.site, scoring, path) for scoring in self.scorings for segment, path in self._scored(scoring)]
        sites = {site: [(scoring, path) for of, scoring, path in files if of == site] for site in self.study.sites}
        with trouble_with_disk_told(self.layout.state):
            confirmed = {(word.site, word.alert_id) for word in self._said()}
            lookalikes = {site: self.ledger.lookalikes.of(site) for site in sites}
            return alerts_of(self.layout, sites, self.study.alerts, confirmed, lookalikes)

    def open_alerts(self, site: str | None = None, code: str | None = None) -> list[dict[str, Any]]:
        return chosen(self.alerts(), [], site, code).to_dicts()

    def _answers(self) -> Answers:
        """The scored files of each instrument. NotChecked where some are missing."""
        for scoring in self.scorings:
            missing = [path for _, path in self._scored(scoring) if not is_scored(path)]
            if missing:
                raise NotChecked(
                    f"{len(missing)} files of {scoring.instrument.id} are not scored yet; run the whole job"
                )
        return {
            s.instrument.id: [(f"{seg.site}-{path.stem}", path) for seg, path in self._scored(s)] for s in self.scorings
        }

    @cached_property
    def scorings(self) -> list[Scoring]:
        """The instruments of the study, each with the rules that it is scored by."""
        return scorings_of(self.study, self.registry, self.promises, self.crosswalks)

    @cached_property
    def crosswalks(self) -> tuple[Crosswalk, ...]:
        return crosswalks_of(self.study, self.registry)

    def current(self, scoring: Scoring) -> list[Segment]:
        """Current forms of sites that study.yaml still has."""
        segments = self.ledger.segments(instrument=scoring.instrument.id, kind="current")
        return [segment for segment in segments if segment.site in self.study.sites]

    def _scored(self, scoring: Scoring) -> list[tuple[Segment, Path]]:
        return [(segment, scored_path(self.layout, segment, scoring)) for segment in self.current(scoring)]

    @cached_property
    def _swept(self) -> None:
        sweep(self.layout, self.ledger)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.layout.archive, archive_key(self.key))

    def plans(self, site: str) -> Plans:
        """The exports of a site, ready to read."""
        return self._errands.plans(site)

    def _site(self, site: str) -> SiteIntake:
        if site not in self._intakes:
            plans = self.plans(site)
            self._intakes[site] = SiteIntake(
                self.study, site, self.layout, self.ledger, self.archive, plans, self.ahead, self.owed
            )
        return self._intakes[site]

    @cached_property
    def _intakes(self) -> dict[str, SiteIntake]:
        return {}

    @cached_property
    def _errands(self) -> Errands:
        return Errands(self.study, self.registry, self.promises, self.key)

    @cached_property
    def ahead(self) -> Ahead:
        return Ahead(self._errands)

    @cached_property
    def owed(self) -> Owed:
        return Owed(self.layout, self.ledger, self.ahead)

    def _let_settle(self) -> None:
        if 0 < self.study.settle_seconds <= _LONGEST_SETTLING and unsettled(self.study):
            time.sleep(self.study.settle_seconds)
