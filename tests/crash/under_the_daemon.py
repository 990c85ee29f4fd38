"""Dagster's daemon, its code server and the run that it has started, killed together while a drop is taken in; then it
is started again, and does the rest by itself.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alliance_etl.night.news import pending_drops
from alliance_etl.study.load import load_study
from alliance_etl.study.template import write_template
from assets.home import open_instance, set_up_home
from tests.assets.tiny_study import STUDY, TELLTALE, drop_srs, drop_wai
from tests.crash.mortals import Mortals
from tests.crash.verdict import EVERYTHING
from tests.scenario import published

_LONGEST_WAIT = 180.0


def killed_under_the_daemon(chance: random.Random, mortals: Mortals) -> list[str]:
    """What was found wrong, in words."""
    mortals.count += 1
    place = mortals.folder / f"{mortals.count}"
    study = place / "study"
    write_template(study)
    (study / "study.yaml").write_text(STUDY)
    for site in ("berlin", "oslo", "quiet"):
        (study / "drops" / site).mkdir()
    (study / ".state").mkdir(mode=0o700, exist_ok=True)
    (study / ".state" / "key").write_text("the same for both")
    drop_wai(study, answer="x")
    drop_srs(study)
    undisturbed = mortals.copy(study, place / "undisturbed")
    verb = [str(Path(sys.executable).with_name("alliance-etl")), "run", "--study", str(undisturbed)]
    subprocess.run(verb, check=True, capture_output=True)
    home = set_up_home(study)
    with _daemon(study, home):
        _until((study / ".state" / "ledger.sqlite").exists)  # its run has begun
        time.sleep(chance.uniform(0, 2))
    with _daemon(study, home):
        _until(lambda: _is_done(study, home))
    faults = [] if _is_done(study, home) else ["it was not made up for"]
    if not faults and published(study, EVERYTHING) != published(undisturbed, EVERYTHING):
        faults.append("other tables are published")
    books = [path for path in (study / ".state").rglob("*") if path.is_file()]
    faults += [f"an id stands in {path}" for path in books if TELLTALE.encode() in path.read_bytes()]
    if not faults:
        shutil.rmtree(place)
    return faults


def _is_done(study: Path, home: Path) -> bool:
    if not (study / "warehouse" / "alliance.duckdb").exists() or pending_drops(load_study(study)):
        return False
    with open_instance(home) as instance:
        return all(run.is_finished for run in instance.get_runs())


def _until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _LONGEST_WAIT
    while not is_so() and time.monotonic() < give_up:
        time.sleep(0.1)


@contextmanager
def _daemon(study: Path, home: Path) -> Iterator[None]:
    """The daemon and all that it starts; killed at the end, all of it at once."""
    process = subprocess.Popen(
        [Path(sys.executable).with_name("dagster-daemon"), "run", "-w", "workspace.yaml"],
        cwd=study,
        env={**os.environ, "DAGSTER_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
