"""The study as of an earlier time: what the drops that had come by then say, under the settings of today.

Made by taking those drops in anew from the archive, in a study of its own that goes away afterwards: what a form was
then follows from the drops alone, so that nothing has to be kept for it but the archive. Sources are not asked, and
nothing of the study itself is touched. What was published then under other settings is what releases are for.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from alliance_etl.errors import ConfigurationError, NotChecked
from alliance_etl.instruments.registry import Registry
from alliance_etl.night.night import Night, open_night
from alliance_etl.night.promises import Promises
from alliance_etl.publication.swap import published_folder
from alliance_etl.state.archive import Archive
from alliance_etl.state.audit import Actor
from alliance_etl.state.entries import Drop
from alliance_etl.state.layout import Layout, link_or_copy
from alliance_etl.state.ledger import Ledger, existing_ledger
from alliance_etl.state.lock import study_lock
from alliance_etl.state.processes import is_gone, this_process
from alliance_etl.study.model import Study


@dataclass(frozen=True)
class Moment:
    """Up to which drop and which time; `said` is how that was asked for."""

    said: str
    last_drop: int
    until: datetime


def moment_of(study: Study, said: str) -> Moment:
    """A date (the end of that day in the study's time zone), a time (ISO 8601), or a night of the book ("night 12").

    ConfigurationError where it is none of these, or before the first drop.
    """
    with closing(existing_ledger(Layout(study.folder))) as ledger:
        drops = ledger.drops()
        night = re.fullmatch(r"night[ -]?(\d+)", said.strip().casefold())
        if night:
            last, until = _of_night(ledger, int(night[1]))
        else:
            until = _time(said, study)
            last = max((drop.seq for drop in drops if drop.received_at <= until), default=0)
    if not any(drop.seq <= last for drop in drops):
        raise ConfigurationError(f"nothing had come by {said}; the first drop is of {_first(drops)}")
    return Moment(said, last, until)


def _of_night(ledger: Ledger, number: int) -> tuple[int, datetime]:
    nights = {night.seq: night for night in ledger.nights()}
    if number not in nights:
        known = f"{min(nights)} to {max(nights)}" if nights else "none yet"
        raise ConfigurationError(f"no night {number} in the book; there are {known} (alliance-etl status --json)")
    night, following = nights[number], nights.get(number + 1)
    last = following.drops_before if following else max((drop.seq for drop in ledger.drops()), default=0)
    return last, night.ended_at or (following.started_at if following else datetime.now(UTC))


def _time(said: str, study: Study) -> datetime:
    zone = ZoneInfo(study.timezone)
    try:
        found = datetime.fromisoformat(said.strip())
    except ValueError:
        raise ConfigurationError(
            f'"{said}" is no date, time or night; expected 2026-03-31, 2026-03-31T18:00, or "night 12"'
        ) from None
    if re.fullmatch(r"\d{4}-?\d\d-?\d\d", said.strip()):
        return datetime.combine(found.date() + timedelta(days=1), time(), zone) - timedelta(microseconds=1)
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _first(drops: Sequence[Drop]) -> str:
    received = [drop.received_at for drop in drops]
    return f"{min(received):%Y-%m-%d %H:%M} UTC" if received else "no day yet"


def write_as_of(study: Study, registry: Registry, promises: Promises, moment: Moment, target: Path) -> Path:
    """Write alliance.duckdb and tables/ as of a moment into a new folder. ConfigurationError where it is there already,
    NotChecked where what was read anew does not keep its promises.
    """
    if target.exists():
        raise ConfigurationError(f"{target} is there already; give another folder by --to")
    layout = Layout(study.folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(layout) as folder:
        then = _study_in(folder, study)
        with study_lock(layout.lock, wait_seconds=600):
            _copy_state(layout, Layout(folder), moment)
        with open_night(then, registry, promises, actor=Actor(how="as-of")) as night:
            _run(night)
            public = published_folder(Layout(folder).warehouse)
        assert public is not None, "it has just been published"
        told = {
            "as_of": moment.said,
            "until": moment.until.isoformat(),
            "drops": moment.last_drop,
            "settings": "those of today",
        }
        (public / "as-of.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        shutil.move(public, target)
    with study_lock(layout.lock, wait_seconds=600), closing(Ledger(layout.ledger)) as ledger, ledger.transaction():
        ledger.trail.actor = Actor()
        ledger.trail.enter("as_of", about=moment.said, drops=moment.last_drop)
    return target


@contextmanager
def _scratch(layout: Layout) -> Iterator[Path]:
    """A folder below .state, so that archived files can be linked; those of processes that were killed go away."""
    for left in layout.state.glob("as-of-*"):
        if is_gone(left.name.removeprefix("as-of-")):
            shutil.rmtree(left, ignore_errors=True)
    folder = layout.state / f"as-of-{this_process()}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _study_in(folder: Path, study: Study) -> Study:
    """The same study with nothing to take in, and nobody to tell."""
    (folder / study.path.name).write_bytes(study.path.read_bytes())
    sites = {}
    for name, site in study.sites.items():
        (folder / "drops" / name).mkdir(parents=True)
        sites[name] = site.model_copy(update={"drop": folder / "drops" / name})
    crosswalks = tuple(str(study.folder / name) for name in study.crosswalks)
    changed = {"path": folder / study.path.name, "sites": sites, "notices": (), "crosswalks": crosswalks}
    return study.model_copy(update=changed)


def _copy_state(layout: Layout, then: Layout, moment: Moment) -> None:
    """The ledger up to the moment, the key, and links to the archived drops."""
    then.make()
    if layout.key.is_file():
        shutil.copy2(layout.key, then.key)
    with closing(sqlite3.connect(layout.ledger)) as now, closing(sqlite3.connect(then.ledger)) as copy:
        now.backup(copy)
        for table in ("drops", "answers", "made_good", "told"):
            copy.execute(f"DELETE FROM {table} WHERE seq > ?", (moment.last_drop,))
        for table in ("segments", "checked", "told", "made_good"):
            copy.execute(f"DELETE FROM {table}")
        copy.execute("DELETE FROM confirmations WHERE confirmed_at > ?", (moment.until.astimezone(UTC).isoformat(),))
        copy.execute("DELETE FROM meta WHERE key = 'published'")
        copy.commit()
        contents = [row[0] for row in copy.execute("SELECT DISTINCT sha256 FROM drops")]
    theirs, ours = Archive(layout.archive, b""), Archive(then.archive, b"")
    for sha256 in contents:
        ours.path(sha256).parent.mkdir(mode=0o700, exist_ok=True)
        link_or_copy(theirs.path(sha256), ours.path(sha256))


def _run(night: Night) -> None:
    for site in {drop.site for drop in night.ledger.drops()} & night.study.sites.keys():
        night.take_in(site, rebuild=True)
    conserved = night.check_conservation()
    night.score()
    kept = night.check_contracts()
    for check in (conserved, kept):
        if not check.passed:
            raise NotChecked(f"{check.name} does not hold for the drops of that time: {check.description}")
    night.publish()
