"""Taking in one site: its new drops one by one, or all of them anew from the archive when its configuration has
changed.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from alliance_etl.batches import batches
from alliance_etl.night.ahead import Ahead
from alliance_etl.night.audited import tell_drops
from alliance_etl.night.judging import DropJudge
from alliance_etl.night.news import DroppedFile, Lying, content_hash, differing, lying_at, opened
from alliance_etl.night.owed import Owed
from alliance_etl.night.plans import Plans
from alliance_etl.night.pulled import new_files
from alliance_etl.night.reports import SiteReport
from alliance_etl.night.site_forms import SiteForms
from alliance_etl.night.source import Source
from alliance_etl.pull import Remote, SourceDown, remote_of
from alliance_etl.pull.fetch import fetched
from alliance_etl.pull.limits import Begun
from alliance_etl.state.archive import Archive
from alliance_etl.state.entries import Drop
from alliance_etl.state.layout import Layout, make_durable
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study

# Files are committed together up to this size: few flushes for many small files, and little to do again after a kill.
_BATCH_BYTES = 64 << 20
# After so many files for which a source did not answer well, the rest of it waits for the next run.
_MOST_FAILURES = 3
_MOST_TOLD = 5


@dataclass
class SiteIntake:
    """One site of the study, under the study's lock."""

    study: Study
    site: str
    layout: Layout
    ledger: Ledger
    archive: Archive
    plans: Plans
    ahead: Ahead
    owed: Owed
    _dropped: dict[int, DroppedFile] = field(default_factory=dict)
    _looked: Begun[list[DroppedFile]] | None = None
    _unanswered: int = 0

    @property
    def judge(self) -> DropJudge:
        return DropJudge(self.site, self.layout, self.ledger, self.plans, self.ahead, self.archive)

    @property
    def is_out_of_date(self) -> bool:
        """Whether the site's forms were made under another configuration, or under none yet.

        What other sites' columns are called matters only to what a rejected file is told.
        """
        drops = self.ledger.drops(self.site)
        own, _, others = (self.ledger.fingerprint(self.site) or "").partition(" ")
        other_words = others != self.plans.fingerprint_elsewhere and any(drop.status == "rejected" for drop in drops)
        return bool(drops) and (own != self.plans.fingerprint or other_words)

    @cached_property
    def remote(self) -> Remote | None:
        """The source that the site's files are fetched from, asked by one connection a night."""
        return remote_of(self.study.sites[self.site])

    def begin_to_look(self) -> None:
        """Ask a remote source what it has, while others are asked, too; the answer holds for this night."""
        remote, study = self.remote, self.study
        if remote is not None:
            seen = self.ledger.seen(self.site)
            self._looked = Begun(lambda: new_files(remote, study.settle_seconds, seen, study.limits.files))

    def has_news(self, *, rebuild: bool) -> bool:
        """Whether there is anything to take in, or to say: a folder that cannot be read is news, too."""
        anything = rebuild and bool(self.ledger.drops(self.site))
        if anything or self.is_out_of_date or self.ledger.receipts.due(self.site):
            return True
        try:
            fresh = self._fresh()
        except OSError:
            return True
        if self.remote is not None and not fresh.files:
            self._tell_contact(None)
        return bool(fresh.files or fresh.refused)

    def stageable(self) -> list[DroppedFile]:
        """The new files that lie here to be read; none where the folder cannot be read, which `take_in` tells."""
        try:
            return self._fresh().files if self.remote is None else []
        except OSError:
            return []

    def take_in(self, *, rebuild: bool) -> SiteReport:
        """Take in what is new; first everything anew, where asked for or where the configuration has changed."""
        refold = (rebuild and bool(self.ledger.drops(self.site))) or self.is_out_of_date
        drops = self._refold("rebuild" if rebuild else "configuration") if refold else []
        new, failures = self._take_in_fresh()
        if self.remote is not None:
            self._tell_contact("; ".join(failures) or None)
        self.write_receipts()
        forms = sum(segment.rows for segment in self.ledger.segments(self.site, kind="current"))
        return SiteReport(
            self.site, tuple(drop.report() for drop in (*drops, *new)), forms, "; ".join(failures) or None, refold
        )

    def write_receipts(self) -> None:
        """Write the receipts that are due, with what the last publication has told."""
        self.owed.settle()  # those of the sites before
        due = self.ledger.receipts.due()  # another site's, too, that was told of a file which came again from here
        told, good = (self.ledger.receipts.told(), self.ledger.receipts.made_good()) if due else ({}, {})
        for drop in due:
            same = self.ledger.of_content(drop.sha256, drop.site)
            said = [finding for each in same for finding in told.get(each.seq, [])]
            if drop.status != "duplicate" or drop.findings > 1:  # a mere copy adds nothing to the receipt of the first
                good_rows = {row for each in same for row in good.get(each.seq, [])}
                self.owed.write(same, self._source(drop.sha256, self._dropped.get(drop.seq)), said, good_rows)
        self.owed.done_with(due)

    @property
    def _folder(self) -> str:
        return str(self.study.sites[self.site].drop)

    def _fresh(self) -> Lying:
        """What lies there, of files the new ones; OSError where the folder is missing or cannot be read."""
        if self.remote is None:
            lying = lying_at(self.study.sites[self.site], self.study.settle_seconds)
            return Lying(differing(lying.files, self.ledger.seen(self.site)), lying.refused)
        if self._looked is None:
            self.begin_to_look()
        assert self._looked is not None, "it has just begun"
        return Lying(self._looked.result())

    def _tell_contact(self, trouble: str | None) -> None:
        with self.ledger.transaction():
            self.ledger.contacts.enter(self.site, datetime.now(UTC), trouble)

    def _refold(self, because: str) -> list[Drop]:
        """Take in all drops anew, in their old order; nothing changes until the one transaction at the end."""
        forms = SiteForms(self.layout, self.site, [])
        redone: list[Drop] = []
        earlier = self.ledger.drops(self.site)
        for drop in earlier:
            redone.append(self.judge.judge(self._source(drop.sha256), drop, redone, forms))
        self._commit(forms, redone, [], earlier, because)
        return redone

    def _take_in_fresh(self) -> tuple[list[Drop], list[str]]:
        """The new drops, and in words what could not be read; a file that cannot be read stops no other file.

        Files are committed in batches: what a kill undoes is done again by the next run.
        """
        drops: list[Drop] = []
        try:
            fresh = self._fresh()
        except FileNotFoundError:
            return [], [f"its folder {self._folder} is not there; make it, or correct `drop` of the site in study.yaml"]
        except SourceDown as trouble:
            return [], [str(trouble)]
        except OSError as trouble:
            return [], [f"its folder {self._folder} cannot be read: {trouble.strerror}"]
        self._looked, self._unanswered = None, 0  # whoever looks after this sees what is new by then
        failures = list(fresh.refused)
        for batch in batches(fresh.files, lambda file: max(file.size, 0), _BATCH_BYTES):
            if self._unanswered < _MOST_FAILURES:
                drops += self._take_in_batch(batch, failures)
        told = list(dict.fromkeys(failures))
        more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
        return drops, [*told[:_MOST_TOLD], *more]

    def _take_in_batch(self, files: Sequence[DroppedFile], failures: list[str]) -> list[Drop]:
        forms = SiteForms(self.layout, self.site, self.ledger.segments(self.site))
        earlier, seen = self.ledger.drops(self.site), self.ledger.seen(self.site)
        drops: list[Drop] = []
        sights: list[tuple[DroppedFile, str]] = []
        for file in files:
            try:
                with self._at_hand(file) as path:
                    size, sha256 = _size_and_hash(path, file)
                    is_news = file.name not in seen or seen[file.name][2] != sha256
                    sha256 = self.archive.keep(path, sha256) if is_news else sha256
            except FileNotFoundError:
                continue
            except SourceDown as trouble:
                failures.append(f"{trouble} ({file.name})" if trouble.of_file else str(trouble))
                self._unanswered += not trouble.of_file
                if self._unanswered >= _MOST_FAILURES:
                    break
                continue
            sights.append((file, sha256))
            if is_news:
                drop = Drop(0, self.site, file.name, sha256, size, datetime.now(UTC))
                source = self._source(sha256, file)
                drops.append(self.judge.judge(source, drop, [*earlier, *drops], forms))
        for file in files:
            self.ahead.forget(self.site, file)
        entered = self._commit(forms, drops, sights, earlier)
        lying = {(file.name, sha256): file for file, sha256 in sights}
        self._dropped |= {drop.seq: lying[drop.file, drop.sha256] for drop in entered}
        return entered

    def _at_hand(self, file: DroppedFile) -> AbstractContextManager[Path]:
        """A path to a file's bytes: those of a remote one are fetched into a nameless file below .state/."""
        if file.remote is None:
            return _at_hand(file)
        assert self.remote is not None, "a remote file comes from a remote source"
        most = self.study.limits.of_reading().file_bytes
        return fetched(self.remote, file.remote, self.layout.state, most)

    def _source(self, sha256: str, file: DroppedFile | None = None) -> Source:
        return Source(self.archive, sha256, self.layout.state, file if file and file.remote is None else None)

    def _commit(
        self,
        forms: SiteForms,
        drops: Sequence[Drop],
        sights: Sequence[tuple[DroppedFile, str]],
        earlier: Sequence[Drop],
        because: str | None = None,
    ) -> list[Drop]:
        """Make what was written durable, then enter it all in one transaction; `because` says why those of the
        `earlier` drops that are among `drops` are taken in anew.
        """
        before = {drop.seq: drop for drop in earlier}
        told = [
            self.judge.told_elsewhere(other)
            for drop in drops
            if not drop.seq
            for other in self.ledger.from_elsewhere(drop.sha256, self.site)
        ]
        files = [drop.findings_file for drop in (*drops, *filter(None, told)) if drop.findings_file]
        make_durable(
            [
                *forms.flush(),
                *(self.layout.state / file for file in files),
                *(self.archive.path(drop.sha256) for drop in drops),
            ]
        )
        with self.ledger.transaction():
            for other in filter(None, told):
                self.ledger.enter(other)
            entered = [self.ledger.enter(drop) for drop in drops]
            tell_drops(self.ledger, self.site, entered, before, because=because)
            for file, sha256 in sights:
                self.ledger.see(self.site, file.name, file.size, file.modified, sha256)
            if drops:
                forms.commit(self.ledger)
                mark = f"{self.plans.fingerprint} {self.plans.fingerprint_elsewhere}"
                self.ledger.set_fingerprint(self.site, mark)
        return entered


@contextmanager
def _at_hand(file: DroppedFile) -> Iterator[Path]:
    """A path to a local file's bytes. FileNotFoundError where it has gone, SourceDown where it cannot be read."""
    with ExitStack() as stack:
        with _told_as_unreadable(file):
            path = stack.enter_context(opened(file))
        yield path


def _size_and_hash(path: Path, file: DroppedFile) -> tuple[int, str]:
    """FileNotFoundError where the file has gone, SourceDown where it cannot be read."""
    with _told_as_unreadable(file):
        return path.stat().st_size, content_hash(path)


@contextmanager
def _told_as_unreadable(file: DroppedFile) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as trouble:
        raise SourceDown(f"the file {file.path} cannot be read: {trouble.strerror}", of_file=True) from None
