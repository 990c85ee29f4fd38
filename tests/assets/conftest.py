"""What tests of sensors and jobs share: the tiny study as this process's study, and a Dagster that keeps its runs."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.tiny_study import write_study


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALLIANCE_STUDY", str(tmp_path / "study"))
    return write_study(tmp_path / "study")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as temporary:
        yield temporary
