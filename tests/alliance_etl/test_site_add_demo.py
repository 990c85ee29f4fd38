"""`site add` on every file of the demo's sites: what it writes takes in the same forms as the demo's own study.yaml.

The demo's study.yaml was written by hand; nothing of it is used by what is proposed here. Options stand only where a
file does not decide: who has filled a form in, WAI-S or WAI-SR where answers go to 7, and what very short files leave.
"""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.demo.plan import STUDY_FILE, load_planned_sites
from alliance_etl.demo.study import demo_files, write_demo
from alliance_etl.instruments.registry import load_registry
from alliance_etl.intake.drop import stage_drop
from alliance_etl.night.night import open_night
from alliance_etl.night.plans import Plans
from alliance_etl.study.load import load_study
from tests.alliance_etl.staging import PLACE, RECEIPT
from tests.scenario import all_promises, asked, taken_in

TOLD = {
    "goteborg/wai": ["wai_sr_client"],
    "goteborg/haq": ["haq2_patient"],
    "montreal/alliance": ["wai36_client"],
    "amsterdam/haq": ["haq2_patient"],
    "amsterdam/wav": ["wai_s_client"],
    "valencia/wai": ["wai_sr_client"],
    "boston/wai": ["wai_s_client"],
    "oslo/wai": ["wai_sr_client"],
}
# Files of so few rows, or of one session only, that they leave more open than the others.
MORE = {
    "boston/wai_long_batch1_fixed.csv": ["--date-format", "%m/%d/%Y"],
    "valencia/wai_primavera.csv": ["--participant", "Código"],
    "goteborg/haq_vt26 rättad.csv": ["--range", "1-6"],
}
FILES = [
    f"{site}/{file.name}"
    for site, planned in load_planned_sites().items()
    for file in planned.files
    if (file.exports or file.copy_of) and (file.sessions or file.rows_of or file.copy_of) and not file.rename
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, night=1)
    write_demo(folder, night=2)
    return folder


def blank(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    scoring = "scoring: {min_answered: 0.75}\n"
    (folder / "study.yaml").write_text(
        f"study: demo_alliance\ntimezone: Europe/Berlin\nsettle_seconds: 0\n{scoring}", encoding="utf-8"
    )
    return folder


def options(file: str) -> list[str]:
    site = file.partition("/")[0]
    told = next((ids for key, ids in TOLD.items() if file.startswith(key)), [])
    return ["--site", site, *(word for each in told for word in ("--instrument", each)), *MORE.get(file, [])]


def add(study: Path, demo: Path, file: str) -> None:
    words = ["site", "add", str(demo / "drops" / file), "--study", str(study), *options(file)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output


def forms(study: Path, demo: Path, file: str) -> dict[str, pl.DataFrame]:
    """Instrument → the forms that a site's exports take from a file, without their place in it."""
    site, _, name = file.partition("/")
    plans = Plans(load_study(study), site, load_registry(), all_promises(), b"key")
    reading = plans.for_file(name)
    staged = stage_drop(demo / "drops" / file, name, reading, RECEIPT, [plans.contract(plan) for plan in reading])
    return {each.instrument: each.forms.drop(PLACE).sort("form_id") for each in staged.exports}


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_the_demo_is_taken_in_as_the_demos_own_study_takes_it_in(
    file: str, demo: Path, tmp_path: Path
) -> None:
    study = blank(tmp_path / "study")
    add(study, demo, file)

    proposed, own = forms(study, demo, file), forms(STUDY_FILE, demo, file)

    assert proposed.keys() == own.keys()
    for instrument, expected in own.items():
        assert expected.height > 0
        assert proposed[instrument].equals(expected.select(proposed[instrument].columns)), file


@pytest.mark.parametrize("file", [f for f in FILES if any(f.startswith(key) for key in TOLD)])
def test_what_a_file_does_not_decide_is_asked_and_nothing_is_written(file: str, demo: Path, tmp_path: Path) -> None:
    study = blank(tmp_path)
    before = (study / "study.yaml").read_bytes()

    done = CliRunner().invoke(app, ["site", "add", str(demo / "drops" / file), "--site", "x", "--study", str(study)])

    assert done.exit_code == 2
    assert "--instrument" in done.stderr
    assert (study / "study.yaml").read_bytes() == before
    assert not (study / "drops").exists()


def test_the_proposed_exports_publish_what_the_demos_own_do(demo: Path, tmp_path: Path) -> None:
    """Eight sites of the first night, all files through one night each; ids, answers and scores of every form."""
    proposed, own = blank(tmp_path / "proposed"), tmp_path / "own"
    brought = [
        file for file in FILES if file in {f"{each.site}/{each.name}" for each in demo_files() if each.night == 1}
    ]
    (own / "instruments").mkdir(parents=True)
    (own / "study.yaml").write_bytes(STUDY_FILE.read_bytes())
    described: set[tuple[str, ...]] = set()
    for file in brought:
        site = file.partition("/")[0]
        if (kind := (site, *exports_in(file))) not in described:
            add(proposed, demo, file)
            described.add(kind)
        for study in (proposed, own):
            (study / "drops" / site).mkdir(parents=True, exist_ok=True)
            shutil.copy(demo / "drops" / file, study / "drops" / site)

    assert published(proposed) == published(own)


def exports_in(file: str) -> tuple[str, ...]:
    """The demo's exports that a file holds."""
    site, _, name = file.partition("/")
    return load_planned_sites()[site].file(name).exports


def published(folder: Path) -> list[tuple[Any, ...]]:
    """Every form's scores by one key, once through the night's steps."""
    study, registry = load_study(folder), load_registry()
    (folder / ".state").mkdir(mode=0o700)
    (folder / ".state" / "key").write_bytes(b"one key for both of the studies.")
    with open_night(study, registry, all_promises()) as night:
        taken_in(night)
        night.score()
        night.publish()
    return asked(
        folder,
        "SELECT form_id, site, instrument, session, session_date, forms.n_answered, scale, round(score, 6) "
        "FROM forms JOIN scores USING (form_id) ORDER BY ALL",
    )
