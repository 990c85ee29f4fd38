"""systemd units: systemd itself accepts them, and the commands that they start are there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.errors import ConfigurationError
from alliance_etl.study.load import load_study
from alliance_etl.units import Wanted, units_of
from tests.scenario import Scenario

ANALYZE = shutil.which("systemd-analyze")


def written(tmp_path: Path, *options: str) -> dict[str, str]:
    study, to = Scenario(tmp_path / "study", more={"title": "North 100 % Star"}), tmp_path / "units"
    to.mkdir()
    done = CliRunner().invoke(app, ["units", str(to), "--study", str(study.folder), "--user", "root", *options])
    assert done.exit_code == 0, done.output
    return {path.name: path.read_text(encoding="utf-8") for path in to.iterdir()}


def test_the_units_have_the_studys_paths_and_its_name(tmp_path: Path) -> None:
    units = written(tmp_path, "--backup-to", str(tmp_path / "backup"), "--port", "3100")

    folder = tmp_path / "study"
    assert sorted(units) == [
        f"alliance-north_star-{name}"
        for name in ("backup.service", "backup.timer", "daemon.service", "webserver.service")
    ]
    daemon = units["alliance-north_star-daemon.service"]
    assert f"WorkingDirectory={folder}\n" in daemon
    assert f"Environment=ALLIANCE_STUDY={folder} DAGSTER_HOME={folder}/.state/dagster\n" in daemon
    assert f"ReadWritePaths={folder}\n" in daemon
    assert f"ReadWritePaths={tmp_path}/backup\n" in units["alliance-north_star-backup.service"]
    assert "-h 127.0.0.1 -p 3100" in units["alliance-north_star-webserver.service"]
    assert "# North 100 %% Star: the daemon" in daemon


def test_what_they_start_is_there(tmp_path: Path) -> None:
    units = written(tmp_path, "--backup-to", str(tmp_path / "backup"))

    started = [line for text in units.values() for line in re.findall(r"ExecStart=(\S+)", text)]
    assert len(started) == 3
    assert all(Path(program).is_file() and Path(program).parent == Path(sys.executable).parent for program in started)


def test_a_backup_is_made_only_where_asked_for(tmp_path: Path) -> None:
    assert sorted(written(tmp_path)) == ["alliance-north_star-daemon.service", "alliance-north_star-webserver.service"]


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed (Debian: systemd)")
def test_systemd_accepts_them(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    written(tmp_path, "--backup-to", str(tmp_path / "backup"))

    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted((tmp_path / "units").iterdir()))],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    complaints = [line for line in said.stderr.splitlines() if "alliance-" in line]
    assert (said.returncode, complaints) == (0, [])


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed (Debian: systemd)")
def test_systemd_does_not_call_them_exposed(tmp_path: Path) -> None:
    written(tmp_path, "--user", "nobody")
    unit = tmp_path / "units" / "alliance-north_star-daemon.service"

    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=45", "--no-pager", str(unit)],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert said.returncode == 0, said.stdout


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed (Debian: systemd)")
def test_systemd_would_not_accept_nonsense(tmp_path: Path) -> None:
    unit = tmp_path / "alliance-x-daemon.service"
    unit.write_text("[Service]\nExecStart=no/such thing\nMemoryMax=lots\n", encoding="utf-8")

    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], check=False, capture_output=True, text=True
    )

    assert "alliance-x-daemon.service" in said.stderr


@pytest.mark.parametrize("word", ["my study", "100%", "a$b", 'a"b', "a\nExecStart=/bin/sh"])
def test_a_path_that_a_unit_would_read_otherwise_is_refused(word: str, tmp_path: Path) -> None:
    study = load_study(Scenario(tmp_path / "study").folder)

    with pytest.raises(ConfigurationError, match="cannot stand in a systemd unit"):
        units_of(study, Wanted("alliance", tmp_path / word))
    with pytest.raises(ConfigurationError, match="cannot stand in a systemd unit"):
        units_of(study, Wanted(word, tmp_path))
