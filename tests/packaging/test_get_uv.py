"""Fetching uv's wheel, for machines whose python3 can make no virtual environment."""

import hashlib
import io
import json
import urllib.request
import zipfile
from pathlib import Path

import pytest

from scripts import get_uv

GLIBC = "uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
BOTH = "uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl"
MUSL = "uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl"
MAC = "uv-0.13.9-py3-none-macosx_11_0_arm64.whl"


def wheel_with(program: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("uv-0.13.9.data/scripts/uv", program)
    return packed.getvalue()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A package index that has one wheel, which fits every machine; the test may put other bytes behind its address."""
    content = wheel_with(b"#!/bin/sh\necho uv 0.13.9\n")
    listing = {
        "filename": GLIBC,
        "url": "../../files/uv.whl",
        "digests": {"sha256": hashlib.sha256(content).hexdigest()},
    }
    pages = {get_uv.INDEX: json.dumps({"urls": [listing]}).encode(), "https://pypi.org/files/uv.whl": content}
    monkeypatch.setattr(get_uv, "HOME", tmp_path / ".uv")
    monkeypatch.setattr(get_uv, "UV", tmp_path / ".uv" / "bin" / "uv")
    monkeypatch.setattr(get_uv, "fits", lambda *_: True)
    monkeypatch.setattr(urllib.request, "urlopen", lambda address, timeout: io.BytesIO(pages[address]))
    return pages


@pytest.mark.parametrize(
    ("wheel", "machine"),
    [
        (GLIBC, ("linux", "x86_64", "glibc")),
        (BOTH, ("linux", "aarch64", "glibc")),
        (BOTH, ("linux", "aarch64", "")),
        (MUSL, ("linux", "x86_64", "")),
        (MAC, ("darwin", "arm64", "")),
    ],
)
def test_a_wheel_for_this_machine_fits(wheel: str, machine: tuple[str, str, str]) -> None:
    assert get_uv.fits(wheel, *machine)


@pytest.mark.parametrize(
    ("wheel", "machine"),
    [
        (GLIBC, ("linux", "aarch64", "glibc")),
        (GLIBC, ("linux", "x86_64", "")),
        (MUSL, ("linux", "x86_64", "glibc")),
        (MAC, ("darwin", "x86_64", "")),
        (GLIBC, ("win32", "AMD64", "")),
    ],
)
def test_a_wheel_for_another_machine_does_not_fit(wheel: str, machine: tuple[str, str, str]) -> None:
    assert not get_uv.fits(wheel, *machine)


def test_the_program_in_the_wheel_can_be_run(index: dict[str, bytes]) -> None:
    program = get_uv.by_download()

    assert get_uv.new_enough(program)


def test_a_damaged_wheel_is_never_unpacked(index: dict[str, bytes]) -> None:
    index["https://pypi.org/files/uv.whl"] = wheel_with(b"something else")

    with pytest.raises(SystemExit, match="arrived damaged"):
        get_uv.by_download()

    assert not get_uv.UV.exists()


def test_an_index_out_of_reach_is_said_and_not_raised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(address: str, timeout: int) -> io.BytesIO:
        raise OSError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)

    found = get_uv.by_download()

    assert found is None
    assert "no route" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("printed", "expected"), [("uv 0.8.24", False), ("uv 0.9.0", True), ("uv 1.2.0", True), ("", False)]
)
def test_an_old_uv_is_not_used(tmp_path: Path, printed: str, expected: bool) -> None:
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\necho {printed}\n")
    program.chmod(0o755)

    assert get_uv.new_enough(str(program)) is expected
