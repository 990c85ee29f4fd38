"""By the access lists of docs/operations.md another user reads what is published, now and later, and nothing else."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario import Scenario, table

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
pytestmark = pytest.mark.skipif(
    shutil.which("setfacl") is None or os.geteuid() != 0, reason="setfacl is not installed (Debian: acl), or not root"
)


@pytest.fixture
def study() -> Iterator[Scenario]:
    """A study that has published once, in a folder that others may pass through."""
    umask = os.umask(0o077)  # as the units have it
    folder = Path(tempfile.mkdtemp(prefix="alliance-analysts-"))
    try:
        folder.chmod(0o711)
        scenario = Scenario(folder / "study")
        scenario.drop("a.csv", table("1,1,5,4,1"))
        scenario.night()
        yield scenario
    finally:
        os.umask(umask)
        shutil.rmtree(folder)


def grant(study: Scenario) -> None:
    """The lines of the guide, for the user `nobody`."""
    found = re.search(r"```sh\n(cd [^\n]*\n[^`]*setfacl[^`]*)```", GUIDE.read_text(encoding="utf-8"))
    assert found is not None
    lines = found[1].replace("/srv/alliance/north_star", str(study.folder)).replace("ANALYST", "nobody")
    subprocess.run(["sh", "-e", "-c", lines], check=True)


def can_read(path: Path) -> bool:
    return subprocess.run(["head", "-c", "1", path], user="nobody", capture_output=True).returncode == 0


def test_analysts_read_this_publication_and_the_next(study: Scenario) -> None:
    published = [study.folder / "warehouse" / name for name in ("alliance.duckdb", "tables/findings.parquet")]
    assert not any(map(can_read, published))

    grant(study)
    assert all(map(can_read, published))

    study.drop("b.csv", table("2,1,5,4,1"))
    study.night()
    assert all(map(can_read, published))


def test_they_read_nothing_else(study: Scenario) -> None:
    grant(study)
    study.drop("b.csv", table("2,1,77,4,1"))
    study.night()

    others = [path for folder in (".state", "drops", "receipts") for path in (study.folder / folder).rglob("*")]
    assert {path.relative_to(study.folder).parts[0] for path in others} == {".state", "drops", "receipts"}
    assert not [path for path in (*others, study.folder / "study.yaml") if path.is_file() and can_read(path)]
