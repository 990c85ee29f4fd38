"""docs/survey-systems.md: its entries for study.yaml load and fit the instruments, and it leaves no preset out."""

import re
from pathlib import Path

import pytest

from alliance_etl.deployment import deployment_root
from alliance_etl.instruments.registry import load_registry
from alliance_etl.study.against import check_against
from alliance_etl.study.load import load_study
from alliance_etl.study.presets import presets

PAGE = (deployment_root() / "docs" / "survey-systems.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_of_the_page_loads_and_fits_its_instrument(tmp_path: Path, entry: str) -> None:
    indented = "".join(f"      {line}\n" for line in entry.splitlines())
    (tmp_path / "study.yaml").write_text(f"study: s\nsites:\n  berlin:\n    exports:\n{indented}", encoding="utf-8")
    study = load_study(tmp_path)
    check_against(study, load_registry())
    assert all(export.preset for export in study.sites["berlin"].exports.values())


def test_the_page_has_an_entry_for_every_preset_or_names_its_page() -> None:
    shown = set(re.findall(r"preset: (\w+)", "".join(ENTRIES)))
    elsewhere = set(re.findall(r"`preset: (\w+)` has\s\[a page of its own\]", PAGE))
    assert shown | elsewhere == set(presets())
