"""Looking at remote sources by day: how often they are asked, what is news, what a source that is down costs."""

import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from alliance_etl.night.watch import Memories, Watch, as_plain, from_plain, pending_remote
from alliance_etl.pull import source
from alliance_etl.status import study_status
from alliance_etl.study.load import load_study
from tests.alliance_etl.pull_servers import (
    Moody,
    RedcapProject,
    folder_handler,
    free_port,
    moody_handler,
    redcap_handler,
    served,
)
from tests.scenario import EXPORT, Scenario, site, table

pytestmark = pytest.mark.slow

ONE, TWO = table("P1,1,1,2,3"), table("P1,1,5,5,5")
TOKEN = "0" * 32


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("BERLIN_TOKEN", TOKEN)


class Day:
    """A day of a study, with a clock of its own."""

    def __init__(self, study: Scenario) -> None:
        self.study, self.watch, self.now = study, Watch(), 1_800_000_000.0
        self.memories: Memories = {}
        self.told: list[str] = []

    def look(self, after: float = 0.0, wait_seconds: float = 20.0) -> list[str]:
        """The sites with something pending, a while after the last look."""
        self.now += after
        study = load_study(self.study.folder)
        self.memories, told = self.watch.look(study, self.memories, wait_seconds, self.now)
        self.memories = from_plain(as_plain(self.memories))
        self.told += told
        return [pending.site for pending in pending_remote(study, self.memories)]

    def marks(self) -> set[str]:
        return {pending.drop_id for pending in pending_remote(load_study(self.study.folder), self.memories)}


def pulled(folder: Path, drop: Any, **more: Any) -> Scenario:
    return Scenario(folder, {"berlin": {**site(pocket=EXPORT), "drop": drop}}, more)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, list[str], str]]:
    """A folder on the web: where it lies, what was asked of it, its address."""
    folder, asked = tmp_path / "web", list[str]()
    folder.mkdir()
    with served(folder_handler(folder, asked)) as port:
        yield folder, asked, f"http://127.0.0.1:{port}/"


def test_a_new_file_is_pending_until_it_is_taken_in(tmp_path: Path, web: tuple[Path, list[str], str]) -> None:
    folder, asked, address = web
    day = Day(pulled(tmp_path / "study", address))
    (folder / "a.csv").write_text(ONE)

    assert day.look() == ["berlin"]
    assert day.look(after=15) == ["berlin"]
    assert not [line for line in asked if line.endswith("csv") and line.startswith("GET")]
    day.study.night()
    assert day.look(after=15) == []
    assert day.look(after=600) == []


def test_a_corrected_file_of_the_same_name_is_other_news(tmp_path: Path, web: tuple[Path, list[str], str]) -> None:
    folder, _, address = web
    day = Day(pulled(tmp_path / "study", address))
    (folder / "a.csv").write_text(ONE)
    day.look()
    first = day.marks()
    (folder / "a.csv").write_text(ONE + "P2,1,1,2,3\n")
    day.look(after=600)

    assert len(first) == len(day.marks()) == 1
    assert first != day.marks()


@pytest.mark.parametrize(("seconds", "looks"), [(300, 4), (60, 16), (3600, 1), (0, 0)])
def test_a_source_is_asked_no_oftener_than_the_study_says(
    tmp_path: Path, web: tuple[Path, list[str], str], seconds: float, looks: int
) -> None:
    _, asked, address = web
    day = Day(pulled(tmp_path / "study", address, poll_seconds=seconds))
    for _ in range(61):  # a quarter of an hour of ticks
        day.look(after=15)

    assert asked.count("GET /") == looks


def test_an_export_that_must_be_read_is_asked_a_twelfth_as_often_and_is_news_by_its_content(tmp_path: Path) -> None:
    project = RedcapProject(TOKEN, ONE)
    with served(redcap_handler(project)) as port:
        place = {"redcap": f"http://127.0.0.1:{port}/api/", "token": "BERLIN_TOKEN"}
        day = Day(pulled(tmp_path, place))
        assert day.look() == ["berlin"]
        day.study.night()
        asked = len(project.asked)

        assert [day.look(after=300) for _ in range(12)] == [[]] * 12
        assert len(project.asked) == asked + 1
        project.data = TWO
        assert day.look(after=3_000) == []
        assert day.look(after=600) == ["berlin"]


def test_a_web_server_that_tells_no_versions_is_read_as_seldom(tmp_path: Path) -> None:
    server = Moody(ONE, tags=[""])
    with served(moody_handler(server)) as port:
        day = Day(pulled(tmp_path, f"http://127.0.0.1:{port}/a.csv"))
        assert day.look() == ["berlin"]
        day.study.night()
        read = len(server.downloads)
        server.content = TWO  # as long as the other one

        assert [day.look(after=300) for _ in range(11)] == [[]] * 11
        assert len(server.downloads) == read
        assert day.look(after=300) == ["berlin"]
        assert day.look(after=300) == ["berlin"]


def test_a_file_that_may_not_be_read_hides_no_other_news(tmp_path: Path, web: tuple[Path, list[str], str]) -> None:
    folder, _, _ = web
    (folder / "a.csv").write_text(ONE)
    (folder / "b.csv").write_text(TWO)

    class Partly(folder_handler(folder, []).func):  # type: ignore[name-defined]
        def send_head(self) -> Any:
            if self.path == "/a.csv":
                self.send_error(403)
                return None
            return super().send_head()

    with served(partial(Partly, directory=str(folder), requests=[])) as port:
        day = Day(pulled(tmp_path / "study", f"http://127.0.0.1:{port}/"))
        assert day.look() == ["berlin"]
        day.study.night()
        assert day.look(after=4_000) == []
    assert day.told == []


def test_a_source_that_is_down_is_told_of_once_and_asked_more_and_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "TRIES", 1)
    server = Moody(ONE)
    with served(moody_handler(server)) as port:
        day = Day(pulled(tmp_path, f"http://127.0.0.1:{port}/a.csv"))
        day.study.take_in()
        day.look()
        day.study.sites["berlin"]["drop"] = f"http://127.0.0.1:{free_port()}/a.csv"
        day.study.write()
        asked = []
        for _ in range(6 * 60 // 5):  # six hours
            before = day.memories["berlin"].asked
            day.look(after=300)
            asked += [day.now] * (day.memories["berlin"].asked != before)

        assert len(day.told) == 1
        assert "cannot be reached" in day.told[0]
        # after 5, 10, 20, 40 minutes, then every hour
        assert [round(b - a) for a, b in pairwise(asked)] == [600, 1200, 2400, *[3600] * 4]
        status = study_status(load_study(day.study.folder))["sites"][0]
        assert "cannot be reached" in status["trouble"]

        day.study.sites["berlin"]["drop"] = f"http://127.0.0.1:{port}/a.csv"
        day.study.write()
        day.look(after=3600)
        assert day.told[1:] == ["the source of berlin answers again"]


def test_a_source_that_asks_to_be_left_alone_is_left_alone(tmp_path: Path) -> None:
    project = RedcapProject(TOKEN, ONE, status=429, after="9000")
    with served(redcap_handler(project)) as port:
        place = {"redcap": f"http://127.0.0.1:{port}/api/", "token": "BERLIN_TOKEN"}
        day = Day(pulled(tmp_path, place))
        day.look()
        asked = [len(project.asked) for _ in range(29) if day.look(after=300) == []]
        assert asked == [1] * 29
        day.look(after=600)

    assert len(project.asked) == 2
    assert "left alone for 9000 seconds" in day.told[0]


def test_a_source_that_hangs_keeps_nobody_waiting_and_is_asked_by_no_second_thread(
    tmp_path: Path, web: tuple[Path, list[str], str]
) -> None:
    folder, _, address = web
    (folder / "a.csv").write_text(ONE)
    hanging = Hanging()
    with served(hanging.handler()) as port:
        study = pulled(tmp_path / "study", f"http://127.0.0.1:{port}/a.csv")
        study.sites["bern"] = {**site(pocket=EXPORT), "drop": address}
        study.write()
        day = Day(study)
        began = time.monotonic()
        first = day.look(wait_seconds=1.0)
        second = day.look(after=600, wait_seconds=1.0)
        took = time.monotonic() - began
        hanging.release()

    assert (first, second) == (["bern"], ["bern"])
    assert took < 10
    assert hanging.asked == 1


class Hanging:
    """A server that answers nothing until it is released."""

    def __init__(self) -> None:
        self.event, self.asked = Event(), 0

    def release(self) -> None:
        self.event.set()

    def handler(self) -> Any:
        hanging = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hanging.asked += 1
                hanging.event.wait(30)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def test_what_is_remembered_names_no_file_and_is_short(tmp_path: Path, web: tuple[Path, list[str], str]) -> None:
    folder, _, address = web
    for number in range(150):
        (folder / f"telltale {number}.csv").write_text(ONE)
    day = Day(pulled(tmp_path / "study", address))

    assert len(day.look()) == 100
    assert "telltale" not in str(as_plain(day.memories))
    assert len(str(as_plain(day.memories))) < 10_000
