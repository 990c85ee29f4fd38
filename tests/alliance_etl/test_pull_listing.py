"""Listing a source: many files, odd ones, one connection, and when a file has settled though clocks differ."""

import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from alliance_etl.night import pulled
from alliance_etl.night.news import DroppedFile
from alliance_etl.pull import RemoteFile, SourceDown
from alliance_etl.pull.filesystem import FileSystem
from alliance_etl.pull.source import MOST_FILES, Told
from alliance_etl.pull.web import WebFolder
from tests.alliance_etl.pull_servers import folder_handler, s3_server, served
from tests.scenario import EXPORT, Scenario, site, table

pytestmark = pytest.mark.slow

ONE = table("P1,1,1,2,3")


@dataclass
class Listed:
    """A source that tells the next of `lists` each time it is asked, and the last one for ever."""

    lists: list[list[RemoteFile]]
    asked: int = field(default=0)

    where = "told://"
    patience = 60.0
    can_list = True

    def forget(self) -> None:
        pass

    def files(self, most: int = MOST_FILES) -> list[RemoteFile]:
        self.asked += 1
        return self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]

    def look(self, file: RemoteFile) -> RemoteFile | None:
        raise AssertionError("nothing is fetched here")

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        raise AssertionError("nothing is fetched here")


def remote_file(name: str = "a.csv", *, size: int = 10, age: float = 60.0, version: str = "1") -> RemoteFile:
    return RemoteFile(name, f"/{name}", size, time.time() - age, version)


def new(remote: Listed, settle_seconds: float = 0.1) -> list[str]:
    return [file.name for file in pulled.new_files(remote, settle_seconds, {})]


@pytest.mark.parametrize("clock", [-7200.0, -30.0, 3600.0], ids=["ahead", "a little ahead", "behind"])
def test_a_file_that_still_grows_is_left_alone_whatever_the_servers_clock_says(clock: float) -> None:
    growing = [[remote_file(size=size, age=clock, version=str(size))] for size in (10, 20)]

    assert new(Listed(growing)) == []


@pytest.mark.parametrize("clock", [-7200.0, -30.0, 3600.0], ids=["ahead", "a little ahead", "behind"])
def test_a_file_that_stands_still_is_taken_in_whatever_the_servers_clock_says(clock: float) -> None:
    assert new(Listed([[remote_file(age=clock)]])) == ["a.csv"]


@pytest.mark.parametrize(("settle_seconds", "taken"), [(0.1, ["a.csv"]), (60, [])], ids=["short", "long"])
def test_a_young_file_is_waited_for_if_that_does_not_take_long(
    settle_seconds: float, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulled, "_LONGEST_SETTLING", 1.0)

    assert new(Listed([[remote_file(age=0)]]), settle_seconds) == taken


@pytest.mark.parametrize(("age", "looks"), [(10.0, 2), (200_000.0, 1)], ids=["young", "old"])
def test_only_young_files_are_looked_at_twice(age: float, looks: int) -> None:
    remote = Listed([[remote_file(age=age)]])
    new(remote)

    assert remote.asked == looks


@pytest.mark.parametrize("name", ["a.csv.part", "A.CSV.PART", "b.tmp", "c.filepart", ".d.csv", "~$e.xlsx"])
def test_unfinished_names_are_left_alone_on_a_server_too(name: str) -> None:
    assert new(Listed([[remote_file(name)]])) == []


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "a b.csv"])
def test_packed_files_are_files_like_others(name: str) -> None:
    assert new(Listed([[remote_file(name)]])) == [name]


def test_two_files_of_one_name_are_refused_since_they_would_take_turns_for_ever() -> None:
    with pytest.raises(SourceDown, match="same name"):
        new(Listed([[remote_file(), remote_file()]]))


def test_files_are_taken_in_by_their_time(tmp_path: Path) -> None:
    listed = [remote_file("new.csv", age=100_000), remote_file("old.csv", age=200_000)]

    assert new(Listed([listed])) == ["old.csv", "new.csv"]


class TestS3:
    @pytest.fixture
    def files(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        with s3_server(monkeypatch) as files:
            yield files

    def test_more_files_than_a_page_has_are_all_listed(self, files: Any) -> None:
        for number in range(1_100):  # a page has 1000
            files.pipe(f"clinic/berlin/{number}.csv", b"x")

        assert len(FileSystem("s3://clinic/berlin/").files()) == 1_100

    def test_the_folders_own_entry_and_folders_below_are_no_files(self, files: Any) -> None:
        files.call_s3("put_object", Bucket="clinic", Key="berlin/", Body=b"")
        files.pipe("clinic/berlin/a.csv", b"x")
        files.pipe("clinic/berlin/below/b.csv", b"x")

        assert [file.name for file in FileSystem("s3://clinic/berlin/").files()] == ["a.csv"]
        assert [file.name for file in FileSystem("s3://clinic/berlin").files()] == ["a.csv"]

    def test_a_folder_in_which_nothing_has_landed_yet_is_empty(self, files: Any) -> None:
        assert FileSystem("s3://clinic/berlin/").files() == []

    def test_old_files_are_listed_and_not_downloaded(
        self, tmp_path: Path, files: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetched: list[str] = []
        read = FileSystem.read

        def reading(self: FileSystem, file: RemoteFile, target: BinaryIO) -> None:
            fetched.append(file.name)
            read(self, file, target)

        monkeypatch.setattr(FileSystem, "read", reading)
        study = Scenario(tmp_path, {"berlin": {**site(pocket=EXPORT), "drop": "s3://clinic/berlin/"}})
        for name, answer in (("a", 1), ("b", 2), ("a", 3)):
            files.pipe(f"clinic/berlin/{name}.csv", table(f"P{name},1,{answer},2,3").encode())
            study.take_in()

        assert fetched == ["a.csv", "b.csv", "a.csv"]

    def test_listing_and_looking_tell_the_same_version(self, files: Any) -> None:
        files.pipe("clinic/berlin/a.csv", b"x")
        source = FileSystem("s3://clinic/berlin/")
        (listed,) = source.files()

        assert source.look(listed).version == listed.version


class TestHttps:
    def listed(self, folder: Path, page: str, kind: str = "text/html") -> list[str]:
        (folder / "a.csv").write_text(ONE)
        (folder / "ö 2.csv").write_text(ONE)
        handler: Any = folder_handler(folder, [])

        class Page(handler.func):  # type: ignore[name-defined]
            def list_directory(self, path: Any) -> Any:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                host = f"http://127.0.0.1:{self.server.server_port}"
                return io.BytesIO(page.replace("HOST", host).encode())

        with served(partial(Page, directory=str(folder), requests=[])) as port:
            return sorted(file.name for file in WebFolder(f"http://127.0.0.1:{port}/", "berlin").files())

    @pytest.mark.parametrize(
        ("page", "kind"),
        [
            ('<a href="?C=M;O=D">Date</a><a href="/">up</a><a href="a.csv"><a href="%C3%B6%202.csv">', "text/html"),
            ("<A HREF='/a.csv'>a</A><a href=HOST/%C3%B6%202.csv>o</a><a href='sub/'>", "text/html; charset=utf-8"),
            ("HOST/a.csv\n\nHOST/%C3%B6%202.csv\n", "text/plain"),
            ("a.csv\r\nö 2.csv\r\n", "text/plain; charset=utf-8"),
            ('<a href="https://elsewhere.example/x.csv">x</a><a href=a.csv><a href="%C3%B6%202.csv#x">', "text/html"),
        ],
        ids=["apache", "absolute", "a list of addresses", "a list of names", "elsewhere"],
    )  # fmt: skip
    def test_a_page_names_its_files(self, tmp_path: Path, page: str, kind: str) -> None:
        assert self.listed(tmp_path, page, kind) == ["a.csv", "ö 2.csv"]

    def test_a_link_that_leads_nowhere_is_no_file(self, tmp_path: Path) -> None:
        page = '<a href="a.csv">a</a><a href="missing.csv">b</a><a href="%C3%B6%202.csv">c</a>'

        assert self.listed(tmp_path, page) == ["a.csv", "ö 2.csv"]

    def test_files_that_may_not_be_read_keep_no_other_one_waiting(self, tmp_path: Path) -> None:
        web = tmp_path / "web"
        web.mkdir()
        names = [f"{number}.csv" for number in range(8)]
        for number, name in enumerate(names):
            (web / name).write_text(table(f"P{number},1,1,2,3"))

        class Partly(folder_handler(web, []).func):  # type: ignore[name-defined]
            def send_head(self) -> Any:
                if self.path in [f"/{name}" for name in names[:6]]:
                    self.send_error(403)
                    return None
                return super().send_head()

        with served(partial(Partly, directory=str(web), requests=[])) as port:
            drop = f"http://127.0.0.1:{port}/"
            study = Scenario(tmp_path / "study", {"berlin": {**site(pocket=EXPORT), "drop": drop}})
            report = study.take_in().sites["berlin"]

        assert [each.file for each in report.drops] == names[6:]
        assert "(0.csv)" in str(report.failed)
        assert str(report.failed).endswith("and 1 more")

    def test_old_files_are_asked_about_and_not_downloaded(self, tmp_path: Path) -> None:
        web, asked = tmp_path / "web", list[str]()
        web.mkdir()
        with served(folder_handler(web, asked)) as port:
            drop = f"http://127.0.0.1:{port}/"
            study = Scenario(tmp_path / "study", {"berlin": {**site(pocket=EXPORT), "drop": drop}})
            for number in range(3):
                (web / f"{number}.csv").write_text(table(f"P{number},1,1,2,3"))
                study.take_in()

        assert [line for line in asked if line.startswith("GET") and line != "GET /"] == [
            f"GET /{number}.csv" for number in range(3)
        ]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("gs://bucket/berlin/", "not installed"),
        ("smb://127.0.0.1/share/berlin/", "not installed"),
        ("ftp://127.0.0.1:1/berlin/", "cannot be reached"),
        ("memory://nothing/", "no such folder"),
    ],
)
def test_any_other_file_system_fails_in_words_too(address: str, words: str) -> None:
    with pytest.raises(SourceDown, match=words):
        FileSystem(address).files()


def raised_in(file: Path) -> None:
    """A bug in a module at that place."""
    exec(compile("1 / 0", str(file), "exec"))  # noqa: S102 - the code stands here


def test_whatever_a_driver_raises_is_told_as_a_failure_of_its_source() -> None:
    with pytest.raises(SourceDown, match=r"^here: it cannot be read now \(ZeroDivisionError\)"), Told("here"):
        raised_in(Path(os.__file__).parent / "driver.py")


def test_what_our_own_code_raises_stays_a_bug() -> None:
    with pytest.raises(ZeroDivisionError), Told("here"):
        raised_in(Path(pulled.__file__))


def test_a_dropped_file_of_a_source_without_versions_is_always_read() -> None:
    file = RemoteFile("redcap.csv", "x", None, None, "")
    (dropped,) = pulled.new_files(Listed([[file]]), 2, {})
    seen = {dropped.name: (dropped.size, dropped.modified, "hash")}

    assert isinstance(dropped, DroppedFile)
    assert [each.name for each in pulled.new_files(Listed([[file]]), 2, seen)] == ["redcap.csv"]
