"""Looking at remote sources by day, between the nights: seldom, all at once, and without waiting for a slow one.

Whom to ask when, and what was found; asking a run to take it in is the sensor's. A source is asked every `poll_seconds`
of study.yaml, a failing one more and more seldom; what must be read to be compared (REDCap's API, a web server that
tells no versions) twelve times as seldom. Only hashes of names and versions are kept.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from alliance_etl.night.news import PendingDrop, Seen
from alliance_etl.night.pulled import may_be_new
from alliance_etl.pull import Remote, RemoteFile, SourceDown, remote_of
from alliance_etl.pull.fetch import remote_hash
from alliance_etl.pull.limits import Begun
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Site, Study

READ_AS_SELDOM = 12
# A source that fails is asked half as often each time, down to once an hour.
_MOST_SELDOM_SECONDS = 3600.0
# So many files are remembered; the run that takes them in takes in all, and what it leaves is found at the next look.
_MOST_REMEMBERED = 100


@dataclass(frozen=True)
class Memory:
    """What is remembered of a site's source from one look to the next: when it was asked and read, what was found
    there that the ledger did not know, how often it has failed in a row, and how, and until when it asked to be left
    alone.
    """

    asked: float = 0.0
    read: float = 0.0
    found: tuple[str, ...] = ()
    failures: int = 0
    trouble: str | None = None
    leave_until: float = 0.0


Memories = dict[str, Memory]


@dataclass(frozen=True)
class _Found:
    marks: tuple[str, ...]
    has_read: bool


@dataclass
class Watch:
    """The looks that are under way; one for a process."""

    _begun: dict[tuple[str, str], tuple[float, Begun[_Found]]] = field(default_factory=dict)

    def look(self, study: Study, memories: Memories, wait_seconds: float, now: float) -> tuple[Memories, list[str]]:
        """Ask the sources that are due, collect what has been answered within that time or since the last look, and
        what there is to tell: of each source only that it begins or ceases to fail.
        """
        kept = {name: memories.get(name, Memory()) for name, site in study.sites.items() if remote_of(site)}
        seen = _seen(study, list(kept))
        begun = [
            self._begin(study, name, kept, seen[name], now) for name in kept if self._is_due(study, name, kept, now)
        ]
        give_up = time.monotonic() + wait_seconds
        for each in begun:
            each.ended(max(0.0, give_up - time.monotonic()))
        told: list[str] = []
        for name in kept:
            asked, look = self._begun.get((str(study.path), name), (0.0, None))
            if look is not None and look.ended(0):
                del self._begun[str(study.path), name]
                before, kept[name] = kept[name], _after(kept[name], asked, look)
                _enter_contact(study, name, asked, kept[name].trouble)
                told += _told(name, before, kept[name])
        return kept, told

    def _is_due(self, study: Study, name: str, kept: Memories, now: float) -> bool:
        if not study.poll_seconds or (str(study.path), name) in self._begun:
            return False
        interval, memory = _interval(study, study.sites[name]), kept[name]
        return now >= memory.leave_until and now - memory.asked >= min(
            interval * 2.0**memory.failures, max(interval, _MOST_SELDOM_SECONDS)
        )

    def _begin(self, study: Study, name: str, kept: Memories, seen: Seen, now: float) -> Begun[_Found]:
        memory = kept[name]
        remote = remote_of(study.sites[name])
        assert remote is not None, "only remote sources are kept in mind"
        may_read = now - memory.read >= READ_AS_SELDOM * study.poll_seconds
        look = Begun(lambda: _look(remote, study, seen, memory, may_read=may_read))
        self._begun[str(study.path), name] = now, look
        kept[name] = replace(memory, asked=now)
        return look


def pending_remote(study: Study, memories: Memories) -> list[PendingDrop]:
    """What was found at remote sources and is not in the ledger yet; told by marks, not by names."""
    known = {name: _marks_of(seen) for name, seen in _seen(study, list(memories)).items()}
    return [
        PendingDrop(name, "", f"{name} {mark}")
        for name, memory in memories.items()
        for mark in memory.found
        if name in study.sites and mark not in known[name]
    ]


def as_plain(memories: Memories) -> dict[str, Any]:
    """What JSON can hold of the memories."""
    return {name: asdict(memory) for name, memory in memories.items()}


def from_plain(plain: dict[str, Any]) -> Memories:
    """The memories that `as_plain` made plain."""
    return {name: Memory(**{**kept, "found": tuple(kept["found"])}) for name, kept in plain.items()}


def _interval(study: Study, site: Site) -> float:
    remote = remote_of(site)
    return study.poll_seconds * (1 if remote is None or remote.can_list else READ_AS_SELDOM)


def _look(remote: Remote, study: Study, seen: Seen, memory: Memory, *, may_read: bool) -> _Found:
    marks = [] if may_read else [mark for mark in memory.found if _is_of_content(mark)]
    try:
        for file in may_be_new(remote, study.settle_seconds, seen, study.limits.files):
            assert file.remote is not None, "a source has remote files"
            if file.remote.version:
                marks.append(f"{_short(file.name)}:{file.size}:{file.modified}")
            elif may_read:
                marks += [f"{_short(file.name)}:{digest[:16]}" for digest in _digest(remote, file.remote, study)]
    finally:
        remote.forget()
    known = _marks_of(seen)
    return _Found(tuple(mark for mark in marks if mark not in known), may_read)


def _digest(remote: Remote, file: RemoteFile, study: Study) -> Iterator[str]:
    """The hash of a file's content; nothing where just this file cannot be read, which a run tells."""
    try:
        yield remote_hash(remote, file, study.limits.of_reading().file_bytes)
    except SourceDown as trouble:
        if not (trouble.of_file or (trouble.gone and remote.can_list)):
            raise


def _after(memory: Memory, asked: float, look: Begun[_Found]) -> Memory:
    try:
        found = look.result()
    except SourceDown as trouble:
        return replace(
            memory,
            found=(),
            failures=memory.failures + 1,
            trouble=str(trouble),
            leave_until=asked + trouble.wait,
        )
    read = asked if found.has_read else memory.read
    return Memory(asked=asked, read=read, found=found.marks[:_MOST_REMEMBERED])


def _told(name: str, before: Memory, after: Memory) -> Iterator[str]:
    if after.trouble and not before.trouble:
        yield f"the source of {name} fails: {after.trouble}"
    if before.trouble and not after.trouble:
        yield f"the source of {name} answers again"


def _marks_of(seen: Seen) -> set[str]:
    """The marks of what the ledger knows, by version and by content."""
    versions = {f"{_short(name)}:{size}:{modified}" for name, (size, modified, _) in seen.items()}
    return versions | {f"{_short(name)}:{sha256[:16]}" for name, (_, _, sha256) in seen.items()}


def _is_of_content(mark: str) -> bool:
    return mark.count(":") == 1


def _short(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _seen(study: Study, names: list[str]) -> dict[str, Seen]:
    layout = Layout(study.folder)
    if not names or not layout.ledger.exists():
        return {name: {} for name in names}
    ledger = Ledger(layout.ledger)
    try:
        return {name: ledger.seen(name) for name in names}
    finally:
        ledger.close()


def _enter_contact(study: Study, name: str, asked: float, trouble: str | None) -> None:
    layout = Layout(study.folder)
    if layout.ledger.exists():
        ledger = Ledger(layout.ledger)
        try:
            with ledger.transaction():
                ledger.contacts.enter(name, datetime.fromtimestamp(asked, UTC), trouble)
        finally:
            ledger.close()
