"""Drops that are pulled: from OpenSSH, S3, HTTPS and REDCap's API, each a real server on loopback."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.night.reports import SiteReport
from alliance_etl.pull import source
from alliance_etl.status import study_status
from alliance_etl.study.load import load_study
from tests.alliance_etl.pull_servers import (
    SSHD,
    RedcapProject,
    certificate,
    folder_handler,
    free_port,
    redcap_handler,
    s3_server,
    served,
    ssh_server,
)
from tests.scenario import EXPORT, Scenario, counted, site, table

pytestmark = pytest.mark.slow

TOKEN = "0123456789ABCDEF0123456789ABCDEF"
ONE, TWO = table("P1,1,1,2,3"), table("P2,1,1,2,3")


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FIRST_PAUSE", 0.01)


def pulled(folder: Path, drop: Any) -> Scenario:
    """A study whose site berlin is pulled, and whose site bern is not."""
    return Scenario(folder, {"berlin": {**site(pocket=EXPORT), "drop": drop}, "bern": site(pocket=EXPORT)})


def berlin(study: Scenario, *, rebuild: bool = False) -> SiteReport | None:
    """What a night's intake reports of the pulled site; None where there was no news of it."""
    return study.take_in(rebuild=rebuild).sites.get("berlin")


def files_of(report: SiteReport | None) -> list[tuple[str, dict[str, int]]]:
    assert report is not None
    assert report.failed is None
    return [(drop.file, counted(drop)) for drop in report.drops]


NEW = {"rows_read": 1, "new": 1}


def lives_through_three_nights(study: Scenario, put: Any) -> None:
    """Taken in once, not again, and again where there is something new or changed under the old name."""
    put("a.csv", ONE)
    put("half.csv.part", "half")
    put("~$a.csv", "lock")
    assert files_of(berlin(study)) == [("a.csv", NEW)]
    assert berlin(study) is None
    put("b.csv", TWO)
    put("a.csv", table("P1,1,5,5,5", "P3,1,1,1,1"))
    assert sorted(files_of(berlin(study))) == [("a.csv", {"rows_read": 2, "new": 1, "changed": 1}), ("b.csv", NEW)]
    assert berlin(study) is None


@pytest.mark.skipif(SSHD is None, reason="OpenSSH's server is not installed (Debian: openssh-server)")
class TestSftp:
    @pytest.fixture
    def server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        with ssh_server(tmp_path / "ssh") as server:
            monkeypatch.setenv("ALLIANCE_BERLIN_KEY_FILE", str(server.key))
            monkeypatch.setenv("ALLIANCE_BERLIN_KNOWN_HOSTS", str(server.known_hosts))
            yield f"sftp://{server.user}@127.0.0.1:{server.port}"

    def test_files_come_once(self, tmp_path: Path, server: str) -> None:
        drops = tmp_path / "outbox"
        drops.mkdir()
        study = pulled(tmp_path / "study", f"{server}{drops}")
        stamps = iter(range(1_700_000_000, 1_800_000_000, 60))

        def put(name: str, content: str) -> None:
            (drops / name).write_text(content)
            os.utime(drops / name, (stamp := next(stamps), stamp))

        lives_through_three_nights(study, put)

    def test_a_host_that_is_not_known_is_never_asked(
        self, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "empty").touch()
        monkeypatch.setenv("ALLIANCE_BERLIN_KNOWN_HOSTS", str(tmp_path / "empty"))
        report = berlin(pulled(tmp_path / "study", f"{server}{tmp_path}"))
        assert report is not None
        assert "host key" in str(report.failed)
        assert "@" not in str(report.failed)

    def test_a_wrong_key_is_told(self, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALLIANCE_BERLIN_KEY_FILE", str(tmp_path / "ssh" / "host"))
        report = berlin(pulled(tmp_path / "study", f"{server}{tmp_path}"))
        assert report is not None
        assert "refuses the credentials" in str(report.failed)

    def test_a_folder_that_is_not_there_is_told(self, tmp_path: Path, server: str) -> None:
        report = berlin(pulled(tmp_path / "study", f"{server}{tmp_path}/nowhere"))
        assert report is not None
        assert "no such folder" in str(report.failed)


class TestS3:
    @pytest.fixture
    def bucket(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        with s3_server(monkeypatch) as files:
            yield lambda name, content: files.pipe(f"clinic/berlin/{name}", content.encode())

    def test_files_come_once(self, tmp_path: Path, bucket: Any) -> None:
        lives_through_three_nights(pulled(tmp_path, "s3://clinic/berlin/"), bucket)

    def test_secrets_are_written_nowhere(self, tmp_path: Path, bucket: Any) -> None:
        study = pulled(tmp_path, "s3://clinic/berlin/")
        bucket("a.csv", ONE)
        study.night()
        assert [path for path in tmp_path.rglob("*") if path.is_file() and b"telltale" in path.read_bytes()] == []

    def test_a_bucket_that_is_not_there_is_told(self, tmp_path: Path, bucket: Any) -> None:
        report = berlin(pulled(tmp_path, "s3://nobody/berlin/"))
        assert report is not None
        assert "no such folder" in str(report.failed)


class TestHttps:
    def test_files_come_once_and_are_not_downloaded_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        web, asked = tmp_path / "web", list[str]()
        web.mkdir()
        authority = certificate(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        with served(folder_handler(web, asked), tls=authority) as port:
            study = pulled(tmp_path / "study", f"https://127.0.0.1:{port}/")
            stamps = iter(range(1_700_000_000, 1_800_000_000, 60))

            def put(name: str, content: str) -> None:
                (web / name).write_text(content)
                os.utime(web / name, (stamp := next(stamps), stamp))

            lives_through_three_nights(study, put)
        assert sorted(line for line in asked if line.startswith("GET /") and line.endswith("csv")) == [
            "GET /a.csv",
            "GET /a.csv",
            "GET /b.csv",
        ]

    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with served(folder_handler(tmp_path, []), tls=certificate(tmp_path / "a.pem")) as port:
            report = berlin(pulled(tmp_path / "study", f"https://127.0.0.1:{port}/"))
        assert report is not None
        assert report.failed

    def test_a_single_file_is_a_source_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text(ONE)
        with served(folder_handler(tmp_path, [])) as port:
            study = pulled(tmp_path / "study", f"http://127.0.0.1:{port}/a.csv")
            os.utime(tmp_path / "a.csv", (1_700_000_000, 1_700_000_000))
            assert files_of(berlin(study)) == [("a.csv", NEW)]
            assert berlin(study) is None

    def test_a_source_that_is_down_fails_its_site_only_and_the_next_night_is_well(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text(ONE)
        port = free_port()
        study = pulled(tmp_path / "study", f"http://127.0.0.1:{port}/a.csv")
        study.drop("b.csv", TWO, "bern")

        sites = study.take_in().sites
        assert "cannot be reached" in str(sites["berlin"].failed)
        assert files_of(sites["bern"]) == [("b.csv", NEW)]

        with served(folder_handler(tmp_path, [])) as up:
            study.sites["berlin"]["drop"] = f"http://127.0.0.1:{up}/a.csv"
            study.write()
            assert files_of(berlin(study)) == [("a.csv", NEW)]

    def test_a_transfer_that_is_cut_is_tried_again_and_then_told(self, tmp_path: Path) -> None:
        times: list[int] = []
        with cut_transfers(ONE, times, until=3) as port:
            study = pulled(tmp_path / "study", f"http://127.0.0.1:{port}/a.csv")
            assert files_of(berlin(study)) == [("a.csv", NEW)]
        assert len(times) == 3
        with cut_transfers(TWO, times, until=1_000) as port:
            study.sites["berlin"]["drop"] = f"http://127.0.0.1:{port}/b.csv"
            study.write()
            report = berlin(study)
        assert report is not None
        assert report.failed
        assert not [drop for drop in report.drops if drop.file == "b.csv"]

    def test_a_rebuild_needs_no_server(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text(ONE)
        with served(folder_handler(tmp_path, [])) as port:
            study = pulled(tmp_path / "study", f"http://127.0.0.1:{port}/a.csv")
            study.night()
            before = study.tables()
        study.night(rebuild=True)
        assert study.tables() == before
        assert len(before["forms"]) == 1

    def test_status_asks_no_server(self, tmp_path: Path) -> None:
        study = pulled(tmp_path, f"http://user@127.0.0.1:{free_port()}/x/")
        told = study_status(load_study(study.folder))["sites"][0]
        assert told["folder_there"] is True
        assert "user" not in told["drop"]

    def test_status_tells_since_when_a_source_fails_and_when_it_was_last_reached(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text(ONE)
        study = pulled(tmp_path / "study", f"http://127.0.0.1:{free_port()}/a.csv")

        def told() -> tuple[Any, ...]:
            status = study_status(load_study(study.folder))["sites"][0]
            return status["last_contact"], status["failing_since"], status["trouble"]

        assert told() == (None, None, None)
        study.take_in()
        first = told()
        study.take_in()
        assert told() == first
        assert first[0] is None
        assert "cannot be reached" in first[2]

        with served(folder_handler(tmp_path, [])) as up:
            study.sites["berlin"]["drop"] = f"http://127.0.0.1:{up}/a.csv"
            study.write()
            study.take_in()
            reached = told()
            study.take_in()
            again = told()
        assert reached[1:] == again[1:] == (None, None)
        assert reached[0] < again[0]

        study.take_in()
        assert told()[0] == again[0]
        assert told()[1] > again[0]


def cut_transfers(content: str, times: list[int], *, until: int) -> Any:
    """A server that breaks off every download before the `until`th."""
    from http.server import BaseHTTPRequestHandler

    lock = threading.Lock()

    class Cut(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.head()

        def do_GET(self) -> None:
            with lock:
                times.append(1)
                whole = len(times) >= until
            self.head()
            self.wfile.write(content.encode() if whole else content.encode()[:5])
            self.wfile.flush()
            if not whole:
                self.connection.shutdown(socket.SHUT_RDWR)

        def head(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content.encode())))
            self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return served(Cut)


class TestRedcap:
    @pytest.fixture
    def project(self) -> RedcapProject:
        return RedcapProject(TOKEN, ONE)

    @pytest.fixture
    def study(self, tmp_path: Path, project: RedcapProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenario]:
        monkeypatch.setenv("BERLIN_TOKEN", TOKEN)
        with served(redcap_handler(project)) as port:
            place = {"redcap": f"http://127.0.0.1:{port}/api/", "token": "BERLIN_TOKEN", "report": 42}
            yield pulled(tmp_path, place)

    def test_an_export_is_news_only_where_it_has_changed(self, study: Scenario, project: RedcapProject) -> None:
        assert files_of(berlin(study)) == [("redcap.csv", NEW)]
        assert files_of(berlin(study)) == []
        project.data = ONE + "P2,1,2,2,2\n"
        assert files_of(berlin(study)) == [("redcap.csv", {"rows_read": 2, "new": 1, "unchanged": 1})]

    def test_a_report_is_asked_for_as_documented(self, study: Scenario, project: RedcapProject) -> None:
        berlin(study)
        assert project.asked[0] == {
            "token": TOKEN,
            "content": "report",
            "report_id": "42",
            "format": "csv",
            "rawOrLabel": "raw",
            "rawOrLabelHeaders": "raw",
            "exportCheckboxLabel": "false",
            "csvDelimiter": ",",
            "returnFormat": "json",
        }

    def test_records_are_asked_for_by_form_and_field(self, study: Scenario, project: RedcapProject) -> None:
        place = study.sites["berlin"]["drop"]
        del place["report"]
        study.sites["berlin"]["drop"] = {**place, "forms": ["wai"], "fields": ["client", "session"], "labels": "true"}
        study.write()
        assert files_of(berlin(study)) == [("redcap.csv", NEW)]
        asked = project.asked[0]
        assert (asked["content"], asked["forms[0]"], asked["fields[1]"], asked["rawOrLabel"]) == (
            "record",
            "wai",
            "session",
            "label",
        )

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (403, None, "refuses the token"),
            (400, None, "report's number"),
            (500, "<html>oops</html>", "status 500"),
            (302, "", "status 302"),
            (200, "<!doctype html><title>Log In</title>", "a web page instead of data"),
            (200, '{"error": "no"}', "an error instead of data"),
            (200, "", "sends nothing"),
        ],
    )
    def test_what_it_refuses_is_told_in_words(
        self, study: Scenario, project: RedcapProject, status: int, body: str | None, words: str
    ) -> None:
        project.status, project.body = status, body
        report = berlin(study)
        assert report is not None
        assert words in str(report.failed)
        assert report.drops == ()

    def test_the_token_is_told_to_nobody(
        self, study: Scenario, tmp_path: Path, project: RedcapProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        study.night()
        monkeypatch.setenv("BERLIN_TOKEN", "F" * 32)
        report = berlin(study)
        assert report is not None
        assert "F" * 32 not in str(report.failed)
        telltales = (TOKEN.encode(), b"F" * 32)
        assert not [
            path for path in tmp_path.rglob("*") if path.is_file() and any(t in path.read_bytes() for t in telltales)
        ]

    def test_a_token_that_is_not_set_is_told(self, study: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BERLIN_TOKEN")
        report = berlin(study)
        assert report is not None
        assert "$BERLIN_TOKEN is not set" in str(report.failed)
