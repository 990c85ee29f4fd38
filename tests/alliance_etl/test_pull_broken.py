"""Sources that break off, lie, change meanwhile, are slow or busy: nothing half-read is taken in, others go on."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alliance_etl.night.reports import SiteReport
from alliance_etl.pull import redcap, source, web
from tests.alliance_etl.pull_servers import (
    SSHD,
    Moody,
    RedcapProject,
    cutting_proxy,
    moody_handler,
    redcap_handler,
    s3_server,
    served,
    ssh_server,
)
from tests.scenario import EXPORT, Scenario, counted, site, table

# paramiko's reader ahead ends with an error of its own when a connection breaks, at times only during the next test
_READS_AHEAD = "ignore:Exception in thread .*_prefetch_thread:pytest.PytestUnhandledThreadExceptionWarning"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings(_READS_AHEAD)]

ONE, TWO = table("P1,1,1,2,3"), table("P2,1,1,2,3")
NEW = {"rows_read": 1, "new": 1}
PASSWORD = "telltale-password"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which take no time here."""
    taken: list[float] = []
    monkeypatch.setattr(source, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(source, "time", SimpleNamespace(sleep=taken.append))
    return taken


@pytest.fixture
def server() -> Moody:
    return Moody(ONE)


@pytest.fixture
def study(tmp_path: Path, server: Moody) -> Iterator[Scenario]:
    """Berlin is pulled from the moody server, a file of Bern lies there."""
    with served(moody_handler(server)) as port:
        drop = f"http://127.0.0.1:{port}/a.csv"
        study = Scenario(tmp_path, {"berlin": {**site(pocket=EXPORT), "drop": drop}, "bern": site(pocket=EXPORT)})
        study.drop("b.csv", TWO, "bern")
        yield study


def intake(study: Scenario) -> tuple[SiteReport, list[dict[str, int]]]:
    """What a night reports of Berlin, and the counts of what it took in there; Bern is always well."""
    sites = study.take_in().sites
    assert "bern" not in sites or [counted(drop) for drop in sites["bern"].drops] == [NEW]
    return sites["berlin"], [counted(drop) for drop in sites["berlin"].drops]


@pytest.mark.parametrize("mood", ["cut", "reset", "page", "503", "503 1", "429 2", "500"])
def test_a_transfer_that_fails_twice_is_well_at_the_third_try(study: Scenario, server: Moody, mood: str) -> None:
    server.moods = [mood, mood]

    report, taken = intake(study)

    assert (report.failed, taken) == (None, [NEW])
    assert len(server.downloads) == 3


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("cut", "breaks off"),
        ("reset", "breaks off"),
        ("page", "a web page instead of a file"),
        ("503", "status 503"),
        ("503 7", "asks to be left alone for 7 seconds"),
    ],
)
def test_one_that_fails_for_good_is_told_and_nothing_of_it_taken_in(
    study: Scenario, server: Moody, mood: str, words: str
) -> None:
    server.moods = [mood] * 9

    report, taken = intake(study)

    assert words in str(report.failed)
    assert taken == []
    assert not list((study.folder / "receipts").glob("berlin/*"))

    server.moods = []
    assert intake(study)[1] == [NEW]


def test_the_pause_that_a_server_asks_for_is_kept(study: Scenario, server: Moody, pauses: list[float]) -> None:
    server.moods = ["503 30", "429 20"]

    intake(study)

    assert pauses == [30.0, 20.0]


def test_who_asks_for_a_long_pause_is_asked_by_the_next_night(
    study: Scenario, server: Moody, pauses: list[float]
) -> None:
    server.moods = ["429 3600"]

    report, _ = intake(study)

    assert "left alone for 3600 seconds" in str(report.failed)
    assert (pauses, len(server.downloads)) == ([], 1)


@pytest.mark.parametrize("status", ["401", "403"])
def test_credentials_that_are_refused_are_not_tried_again_so_that_no_account_is_locked(
    study: Scenario, server: Moody, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCE_BERLIN_USER", "study")
    monkeypatch.setenv("ALLIANCE_BERLIN_PASSWORD", PASSWORD)
    server.moods = [status] * 9

    report, _ = intake(study)

    assert "refuses the credentials" in str(report.failed)
    assert len(server.downloads) == 1
    assert [path for path in study.folder.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()] == []


def test_a_source_that_sends_a_byte_now_and_then_is_given_up(
    study: Scenario, server: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.WebFolder, "patience", 0.5)
    server.moods = ["slow"] * 3
    began = time.monotonic()

    report, taken = intake(study)

    assert "does not answer in time" in str(report.failed)
    assert taken == []
    assert time.monotonic() - began < 10  # whole, a file would take this server 12 seconds, and three tries 36


def test_a_file_of_another_size_than_the_server_tells_is_not_taken_in(study: Scenario, server: Moody) -> None:
    server.length = 1_000

    report, taken = intake(study)

    assert "only in part" in str(report.failed)
    assert taken == []


def test_a_file_that_is_changed_while_it_is_fetched_is_fetched_again(study: Scenario, server: Moody) -> None:
    # told at: listing, download, look; then look, download, look
    server.tags = ["one", "one", "two"]

    report, taken = intake(study)

    assert (report.failed, taken) == (None, [NEW])
    assert len(server.downloads) == 2


def test_a_file_that_never_stands_still_waits_for_the_next_night(study: Scenario, server: Moody) -> None:
    server.tags = [str(number) for number in range(40)]

    report, taken = intake(study)

    assert "changed while it was fetched" in str(report.failed)
    assert taken == []


def test_where_a_server_tells_no_version_a_correction_of_the_same_size_is_seen(study: Scenario, server: Moody) -> None:
    server.tags = [""]
    intake(study)
    server.content = ONE.replace("1,2,3", "5,2,3")

    assert intake(study)[1] == [{"rows_read": 1, "changed": 1}]


def test_after_a_few_files_that_cannot_be_fetched_the_source_is_left_alone(tmp_path: Path, server: Moody) -> None:
    names = [f"{number}.csv" for number in range(20)]
    server.moods = ["500"] * 200
    handler: Any = moody_handler(server)

    class Folder(handler):
        def do_GET(self) -> None:
            if self.path != "/":
                super().do_GET()
                return
            page = "".join(f'<a href="{name}">{name}</a>' for name in names).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

    with served(Folder) as port:
        drop = f"http://127.0.0.1:{port}/"
        study = Scenario(tmp_path, {"berlin": {**site(pocket=EXPORT), "drop": drop}})
        report, _ = intake(study)

    assert str(report.failed).count("status 500") == 1
    assert len(server.downloads) == 3 * source.TRIES


@pytest.mark.parametrize(
    ("moods", "outcome"),
    [
        (["cut", "cut"], None),
        (["reset", "reset"], None),
        (["503 5", "429 5"], None),
        (["cut"] * 9, "breaks off"),
        (["429 3600"], "left alone for 3600 seconds"),
        (["slow"] * 9, "does not answer in time"),
    ],
    ids=["cut", "reset", "busy", "cut for good", "very busy", "slow"],
)
def test_redcap_is_asked_again_alike(
    tmp_path: Path, server: Moody, moods: list[str], outcome: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERLIN_TOKEN", "0" * 32)
    monkeypatch.setattr(redcap.RedcapExport, "patience", 0.8)
    server.moods = moods
    with served(moody_handler(server)) as port:
        drop = {"redcap": f"http://127.0.0.1:{port}/api/", "token": "BERLIN_TOKEN"}
        report, taken = intake(Scenario(tmp_path, {"berlin": {**site(pocket=EXPORT), "drop": drop}}))

    assert taken == ([] if outcome else [NEW])
    assert (outcome or "None") in str(report.failed)


def test_an_api_that_is_not_there_is_told(tmp_path: Path, server: Moody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERLIN_TOKEN", "0" * 32)
    server.moods = ["404"]
    with served(moody_handler(server)) as port:
        drop = {"redcap": f"http://127.0.0.1:{port}/", "token": "BERLIN_TOKEN"}
        report, _ = intake(Scenario(tmp_path, {"berlin": {**site(pocket=EXPORT), "drop": drop}}))

    assert "there is no API at this address" in str(report.failed)


def test_an_export_that_goes_back_to_what_it_was_takes_its_answers_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERLIN_TOKEN", "0" * 32)
    project = RedcapProject("0" * 32, ONE)
    with served(redcap_handler(project)) as port:
        drop = {"redcap": f"http://127.0.0.1:{port}/api/", "token": "BERLIN_TOKEN"}
        study = Scenario(tmp_path, {"berlin": {**site(pocket=EXPORT), "drop": drop}})
        for project.data in (ONE, table("P1,1,5,5,5"), ONE):
            study.night()

    assert study.rows("SELECT value FROM responses ORDER BY item") == [(1.0,), (2.0,), (3.0,)]
    assert study.rows("SELECT count(*) FROM revisions") == [(3,)]


LONG = table(*(f"P{number},1,1,2,3" for number in range(20_000)))


@pytest.mark.skipif(SSHD is None, reason="OpenSSH's server is not installed (Debian: openssh-server)")
# paramiko asks for blocks ahead in a thread of its own, which nobody is there to catch when the connection goes
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("cuts", "failed"), [(2, False), (20, True)], ids=["twice", "for good"])
def test_sftp_that_breaks_off_in_the_middle_is_connected_anew(
    cuts: int, failed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = tmp_path / "outbox"
    drops.mkdir()
    (drops / "a.csv").write_text(LONG)
    with ssh_server(tmp_path / "ssh") as server, cutting_proxy(server.port, [100_000] * cuts) as port:
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(server.known_hosts.read_text().replace(str(server.port), str(port)))
        monkeypatch.setenv("ALLIANCE_BERLIN_KEY_FILE", str(server.key))
        monkeypatch.setenv("ALLIANCE_BERLIN_KNOWN_HOSTS", str(known_hosts))
        drop = f"sftp://{server.user}@127.0.0.1:{port}{drops}"
        report, taken = intake(Scenario(tmp_path / "study", {"berlin": {**site(pocket=EXPORT), "drop": drop}}))

    assert taken == ([] if failed else [{"rows_read": 20_000, "new": 20_000}])
    assert ("breaks off" if failed else "None") in str(report.failed)


@pytest.mark.parametrize(("cuts", "failed"), [(2, False), (200, True)], ids=["twice", "for good"])
def test_s3_that_breaks_off_in_the_middle_is_asked_again(
    cuts: int, failed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(monkeypatch) as files:
        files.pipe("clinic/berlin/a.csv", LONG.encode())
        there = int(os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2])
        with cutting_proxy(there, [100_000] * cuts) as port:
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
            drop = "s3://clinic/berlin/"
            report, taken = intake(Scenario(tmp_path / "study", {"berlin": {**site(pocket=EXPORT), "drop": drop}}))

    assert taken == ([] if failed else [{"rows_read": 20_000, "new": 20_000}])
    assert (report.failed is not None) == failed
