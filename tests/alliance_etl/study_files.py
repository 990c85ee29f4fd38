"""A small study.yaml for tests of reading it, and what loading says of a spoiled one."""

from pathlib import Path

import pytest

from alliance_etl.errors import StudyFileError
from alliance_etl.study.load import load_study

SMALL = """\
study: north_star
sites:
  berlin:
    exports:
      wai:
        files: "wai*.csv"
        instrument: wai_sr_client
        participant: ID
        session: Sitzung
        items: "WAI{n}"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(StudyFileError) as refused:
        load_study(written(folder, text))
    return list(refused.value.problems)
