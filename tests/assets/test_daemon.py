"""The real daemon, on a study's own workspace: a dropped file is published without anybody doing anything."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from alliance_etl.state.layout import Layout
from alliance_etl.state.lock import study_lock
from alliance_etl.study.template import write_template
from assets.home import open_instance, set_up_home
from assets.orphans import PROCESS_TAG
from tests.alliance_etl.pull_servers import SSHD, free_port, ssh_server
from tests.assets.tiny_study import STUDY, TELLTALE, drop_wai

pytestmark = pytest.mark.slow
LONGEST_WAIT = 120.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study as `init` leaves it, with the sites of the tiny study."""
    study = tmp_path / "study"
    write_template(study)
    (study / "study.yaml").write_text(STUDY)
    for site in ("berlin", "oslo", "quiet"):
        (study / "drops" / site).mkdir()
    return study


@contextmanager
def daemon(folder: Path, home: Path, log: Path) -> Iterator[None]:
    """Dagster's daemon and its code server, stopped for certain at the end."""
    program = Path(sys.executable).with_name("dagster-daemon")
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, "run", "-w", "workspace.yaml"],
            cwd=folder,
            env={**os.environ, "DAGSTER_HOME": str(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for(path: Path) -> bool:
    give_up = time.monotonic() + LONGEST_WAIT
    while not path.exists() and time.monotonic() < give_up:
        time.sleep(0.5)
    return path.exists()


def holds(folder: Path, word: str) -> list[Path]:
    """The files below a folder that hold a word anywhere."""
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


@pytest.fixture
def published(folder: Path, tmp_path: Path) -> Path:
    """The study after the daemon has published what was dropped while it ran; its log is beside it."""
    home = set_up_home(folder)
    with daemon(folder, home, tmp_path / "daemon.log"):
        drop_wai(folder)
        for path in ("alliance.duckdb", "reports/quality/quality.json"):
            assert wait_for(folder / "warehouse" / path), (tmp_path / "daemon.log").read_text()
    return folder


def runs(folder: Path) -> list[tuple[str, str | None]]:
    """The jobs that were run, in order, each with the sensor that asked for it."""
    with open_instance(folder / ".state" / "dagster") as instance:
        return [(run.job_name, run.tags.get("dagster/sensor_name")) for run in reversed(instance.get_runs())]


def test_a_dropped_file_is_published_by_a_run_of_the_sensor_and_reported_on(published: Path) -> None:
    report = json.loads((published / "warehouse" / "reports" / "quality" / "quality.json").read_text())
    with duckdb.connect(str(published / "warehouse" / "alliance.duckdb"), read_only=True) as warehouse:
        forms = warehouse.execute("SELECT count(*) FROM forms").fetchall()

    assert (runs(published), forms) == ([("nightly", "new_drops"), ("quality", "after_publication")], [(3,)])
    assert (report["outcome"], report["trouble"]) == ("passed", None)
    assert not holds(published / ".state" / "dagster", TELLTALE)
    assert TELLTALE not in (published.parent / "daemon.log").read_text()


def test_a_killed_night_is_tried_again_and_publishes(folder: Path, tmp_path: Path) -> None:
    home, log, warehouse = set_up_home(folder), tmp_path / "daemon.log", folder / "warehouse" / "alliance.duckdb"
    with open_instance(home) as instance, daemon(folder, home, log):
        with study_lock(Layout(folder).lock, wait_seconds=0):
            drop_wai(folder)
            os.kill(wait_for_process(instance), signal.SIGKILL)  # it waits for the lock, a run like any other
        assert wait_for(warehouse), log.read_text()
        again, killed = (run for run in instance.get_runs() if run.job_name == "nightly")

    assert again.parent_run_id == killed.run_id
    assert again.step_keys_to_execute is None


def wait_for_process(instance: dg.DagsterInstance) -> int:
    """The process of the first run."""
    give_up = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < give_up:
        for run in instance.get_runs():
            if PROCESS_TAG in run.tags:
                return int(run.tags[PROCESS_TAG].rsplit(":", 2)[1])
        time.sleep(0.5)
    raise TimeoutError


@pytest.mark.skipif(SSHD is None, reason="OpenSSH's server is not installed (Debian: openssh-server)")
def test_a_file_at_a_remote_source_is_published_too_though_another_source_is_down(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, log = tmp_path / "outbox", tmp_path / "daemon.log"
    outbox.mkdir()
    with ssh_server(tmp_path / "ssh") as server:
        monkeypatch.setenv("ALLIANCE_BERLIN_KEY_FILE", str(server.key))
        monkeypatch.setenv("ALLIANCE_BERLIN_KNOWN_HOSTS", str(server.known_hosts))
        monkeypatch.setenv("ALLIANCE_QUIET_PASSWORD", "telltale-password")
        text = STUDY.replace("settle_seconds: 0", "settle_seconds: 1\npoll_seconds: 1")
        for name, drop in (
            ("berlin", f"sftp://{server.user}@127.0.0.1:{server.port}{outbox}"),
            ("quiet", f"sftp://somebody@127.0.0.1:{free_port()}/outbox"),
        ):
            text = text.replace(f"  {name}:\n", f"  {name}:\n    drop: {drop}\n")
        (folder / "study.yaml").write_text(text)
        with daemon(folder, set_up_home(folder), log):
            drop_wai(folder).rename(outbox / "wai.csv")
            assert wait_for(folder / "warehouse" / "alliance.duckdb"), log.read_text()
            time.sleep(20)  # a tick or two more

    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("SELECT site, count(*) FROM forms GROUP BY site").fetchall() == [("berlin", 3)]
    assert [run for run in runs(folder) if run[0] == "nightly"] == [("nightly", "new_drops")]
    assert log.read_text().count("the source of quiet fails") == 1
    for secret in ("telltale-password", "somebody", TELLTALE):
        assert not holds(folder / ".state", secret)
        assert secret not in log.read_text()
