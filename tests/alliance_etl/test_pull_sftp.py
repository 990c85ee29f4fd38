"""What is particular to SFTP, with OpenSSH's server: names, links, one connection a night, host keys, credentials."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from alliance_etl.pull import RemoteFile, SourceDown
from alliance_etl.pull import sftp as sftp_module
from alliance_etl.pull.sftp import SftpFolder
from tests.alliance_etl.pull_servers import SSHD, ssh_server
from tests.scenario import EXPORT, Scenario, site, table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SSHD is None, reason="OpenSSH's server is not installed (Debian: openssh-server)"),
]

ONE = table("P1,1,1,2,3")


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    folder = tmp_path / "outbox"
    folder.mkdir()
    return folder


@pytest.fixture
def drop(tmp_path: Path, outbox: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ssh_server(tmp_path / "ssh") as server:
        monkeypatch.setenv("ALLIANCE_BERLIN_KEY_FILE", str(server.key))
        monkeypatch.setenv("ALLIANCE_BERLIN_KNOWN_HOSTS", str(server.known_hosts))
        yield f"sftp://{server.user}@127.0.0.1:{server.port}{outbox}"


def test_links_are_followed_and_folders_are_not(outbox: Path, drop: str) -> None:
    (outbox.parent / "elsewhere.csv").write_text(ONE)
    (outbox / "link.csv").symlink_to(outbox.parent / "elsewhere.csv")
    (outbox / "nowhere.csv").symlink_to(outbox.parent / "missing.csv")
    (outbox / "folder.csv").mkdir()
    (outbox / "up").symlink_to(outbox.parent)
    os.mkfifo(outbox / "pipe.csv")

    assert [(file.name, file.size) for file in SftpFolder(drop, "berlin").files()] == [("link.csv", len(ONE))]


def test_a_name_that_is_no_utf8_is_spelled_out_and_its_file_taken_in(tmp_path: Path, outbox: Path, drop: str) -> None:
    Path(os.fsdecode(bytes(outbox) + b"/gr\xf6\xdfe.csv")).write_text(ONE)
    study = Scenario(tmp_path / "study", {"berlin": {**site(pocket=EXPORT), "drop": drop}})

    assert [(drop.file, drop.counts.new) for drop in study.take_in().drops] == [("gr\\xf6\\xdfe.csv", 1)]
    assert study.take_in().drops == []


def test_a_file_that_may_not_be_read_keeps_no_other_one_waiting(
    tmp_path: Path, outbox: Path, drop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        (outbox / f"{number}.csv").write_text(table(f"P{number},1,1,2,3"))
    read = SftpFolder.read

    def refusing(self: SftpFolder, file: RemoteFile, target: BinaryIO) -> None:
        if file.name < "5":
            raise SourceDown("it refuses", lasting=True, of_file=True)
        read(self, file, target)

    monkeypatch.setattr(SftpFolder, "read", refusing)  # root, whom tests may run as, may read everything
    report = Scenario(tmp_path / "s", {"berlin": {**site(pocket=EXPORT), "drop": drop}}).take_in().sites["berlin"]

    assert [each.file for each in report.drops] == ["5.csv"]
    assert "it refuses (0.csv)" in str(report.failed)


def test_a_single_file_is_a_source_too(outbox: Path, drop: str) -> None:
    (outbox / "a.csv").write_text(ONE)

    assert [file.name for file in SftpFolder(f"{drop}/a.csv", "berlin").files()] == ["a.csv"]


def test_a_path_that_begins_with_a_tilde_is_below_the_users_own_folder(outbox: Path, drop: str) -> None:
    (outbox / "a.csv").write_text(ONE)
    server, below = drop.removesuffix(str(outbox)), os.path.relpath(outbox, Path.home())

    assert [file.path for file in SftpFolder(f"{server}/~/{below}", "berlin").files()] == [f"{below}/a.csv"]


def test_thousands_of_files_are_listed_without_asking_of_each(
    outbox: Path, drop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10_000):
        (outbox / f"{number}.csv").touch()
    asked: list[int] = []
    request = sftp_module.paramiko.SFTPClient._request

    def counted(self: Any, kind: int, *arguments: Any) -> Any:
        asked.append(kind)
        return request(self, kind, *arguments)

    monkeypatch.setattr(sftp_module.paramiko.SFTPClient, "_request", counted)

    assert len(SftpFolder(drop, "berlin").files()) == 10_000
    assert len(asked) < 200


def test_a_night_connects_once_and_fetches_only_what_is_new(
    tmp_path: Path, outbox: Path, drop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[str] = []
    fetched: list[str] = []
    connect, read = sftp_module._connect, SftpFolder.read

    def connected(url: str, *more: str) -> Any:
        connections.append(url)
        return connect(url, *more)

    def reading(self: SftpFolder, file: RemoteFile, target: BinaryIO) -> None:
        fetched.append(file.name)
        read(self, file, target)

    monkeypatch.setattr(sftp_module, "_connect", connected)
    monkeypatch.setattr(SftpFolder, "read", reading)
    study = Scenario(tmp_path / "study", {"berlin": {**site(pocket=EXPORT), "drop": drop}})
    for number in range(3):
        (outbox / f"{number}.csv").write_text(table(f"P{number},1,1,2,3"))
        study.take_in()

    assert fetched == ["0.csv", "1.csv", "2.csv"]
    assert len(connections) == 3


def test_a_key_with_a_passphrase_is_opened_by_the_password(
    tmp_path: Path, outbox: Path, drop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outbox / "a.csv").write_text(ONE)
    key = str(tmp_path / "ssh" / "user")
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "telltale", "-f", key], check=True)
    with pytest.raises(SourceDown, match="refuses the credentials"):
        SftpFolder(drop, "berlin").files()
    monkeypatch.setenv("ALLIANCE_BERLIN_PASSWORD", "telltale")

    assert len(SftpFolder(drop, "berlin").files()) == 1


@pytest.mark.parametrize(
    ("variable", "content", "words"),
    [
        ("KEY_FILE", None, r"\$ALLIANCE_BERLIN_KEY_FILE names a file that is not there"),
        ("KNOWN_HOSTS", None, r"\$ALLIANCE_BERLIN_KNOWN_HOSTS names a file that is not there"),
        ("KEY_FILE", "no key", "names no private key"),
        ("KNOWN_HOSTS", "", "ssh-keyscan -p"),
        ("KNOWN_HOSTS", "[127.0.0.1]:22 ssh-ed25519 a@b\n", "a line that is no host key"),
    ],
    ids=["no key file", "no known_hosts", "a key that is none", "an unknown host", "a known_hosts that is none"],
)
def test_what_is_wrong_with_the_settings_is_told_with_its_remedy(
    tmp_path: Path,
    drop: str,
    variable: str,
    content: str | None,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = tmp_path / "given"
    if content is not None:
        given.write_text(content)
    monkeypatch.setenv(f"ALLIANCE_BERLIN_{variable}", str(given))

    with pytest.raises(SourceDown, match=words):
        SftpFolder(drop, "berlin").files()


def test_a_host_whose_key_is_another_one_is_not_spoken_to(
    tmp_path: Path, drop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = (tmp_path / "ssh" / "known_hosts").read_text().split()
    other = (tmp_path / "ssh" / "user.pub").read_text().split()
    (tmp_path / "changed").write_text(" ".join([known[0], *other[:2]]) + "\n")
    monkeypatch.setenv("ALLIANCE_BERLIN_KNOWN_HOSTS", str(tmp_path / "changed"))

    with pytest.raises(SourceDown, match="somebody else may be answering") as caught:
        SftpFolder(drop, "berlin").files()
    assert caught.value.lasting


def test_a_connection_that_went_while_nobody_was_looking_is_told_as_one_that_breaks_off(drop: str) -> None:
    """paramiko then says only that the socket is closed, with no number."""
    source = SftpFolder(drop, "berlin")
    (file,) = source.files() or [RemoteFile("a.csv", "/a.csv", 1, None, "")]
    source._client[1].get_channel().close()

    with pytest.raises(SourceDown, match="breaks off"):
        source.look(file)

    assert source.files() == []  # by another connection
