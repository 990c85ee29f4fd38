"""The wheel is what people install: what is in it, and that it runs a study in an environment that has nothing else."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

INSTRUMENTS = sorted(path.name for path in (ROOT / "schemas" / "instruments").glob("*.yaml"))
CODE = sorted(str(path.relative_to(ROOT)) for folder in ("assets", "schemas") for path in (ROOT / folder).rglob("*.py"))


def uv(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    found = subprocess.run([sys.executable, "scripts/get_uv.py"], cwd=ROOT, check=True, capture_output=True, text=True)
    command = [found.stdout.strip(), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is published: built from the source archive, which is built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    built = uv("build", "--quiet", "--out-dir", folder)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def contents(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare environment's programs: the wheel and the locked versions of what it needs, no checkout in sight."""
    folder = tmp_path_factory.mktemp("bare")
    locked = folder / "locked.txt"
    for arguments in (
        ("export", "--quiet", "--locked", "--no-dev", "--no-emit-project", "--no-hashes", "--output-file", locked),
        ("venv", "--quiet", "--python", sys.executable, folder / "venv"),
        ("pip", "install", "--quiet", "--python", folder / "venv", "--requirement", locked),
        ("pip", "install", "--quiet", "--python", folder / "venv", "--no-deps", wheel),
    ):
        done = uv(*arguments)
        assert done.returncode == 0, done.stderr
    return folder / "venv" / "bin"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    program = installed / "alliance-etl"
    return subprocess.run([program, *arguments], cwd=folder, env=bare, capture_output=True, text=True, check=False)


def test_the_wheel_has_one_top_level_name(contents: list[str]) -> None:
    assert {name.split("/")[0] for name in contents if ".dist-info/" not in name} == {"alliance_etl"}


def test_the_wheel_carries_every_instrument(contents: list[str]) -> None:
    prefix = "alliance_etl/_deployment/schemas/instruments/"

    assert sorted(name.removeprefix(prefix) for name in contents if name.startswith(prefix)) == INSTRUMENTS


def test_the_wheel_carries_the_code_location_and_the_contracts(contents: list[str]) -> None:
    assert [name for name in CODE if f"alliance_etl/_deployment/{name}" not in contents] == []


def test_the_wheel_carries_its_licence(contents: list[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in contents)


def test_the_installed_command_explains_itself(installed: Path, tmp_path: Path) -> None:
    answer = run(installed, tmp_path, "--help")

    assert answer.returncode == 0, answer.stderr
    assert all(verb in answer.stdout for verb in ("demo", "init", "run", "check", "status", "trace", "instruments"))


def test_the_installed_command_knows_the_registry(installed: Path, tmp_path: Path) -> None:
    answer = run(installed, tmp_path, "instruments", "wai_sr_client")

    assert answer.returncode == 0, answer.stderr
    assert "WAI-SR" in answer.stdout


def test_the_installed_command_runs_the_demo_study(installed: Path, tmp_path: Path) -> None:
    answer = run(installed, tmp_path, "demo", "study")

    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "study" / "warehouse" / "alliance.duckdb").is_file()


def test_the_bare_environment_has_no_generic_names_of_ours(installed: Path) -> None:
    site_packages = next(installed.parent.glob("lib/python*/site-packages"))

    assert not [name for name in ("assets", "schemas", "tests", "scripts") if (site_packages / name).exists()]


@pytest.mark.parametrize("verb", ["setup", "demo", "test", "check", "bench", "dagster", "clean"])
def test_make_offers_the_verb(verb: str) -> None:
    if shutil.which("make") is None:
        pytest.fail("make is not installed")
    offered = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert f"make {verb} " in offered
