"""What a new study starts from: it loads, explains every key, and overwrites nothing."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.registry import load_registry
from alliance_etl.study.export import Export
from alliance_etl.study.load import check_against, load_study
from alliance_etl.study.model import Scoring, Site, Study
from alliance_etl.study.template import write_template

COMMENTED = re.compile(r"^( *)# (\w+: .*)$")


def commented_keys(text: str) -> list[str]:
    """The lines of the template that wait to be taken out of their comment."""
    return [line for line in text.splitlines() if COMMENTED.match(line)]


def test_the_template_is_a_study_that_fits_the_registry(tmp_path: Path) -> None:
    write_template(tmp_path / "Stern")
    study = load_study(tmp_path / "Stern")
    check_against(study, load_registry(study.folder / "instruments"))


@pytest.mark.parametrize("model", [Study, Scoring, Site, Export])
def test_the_template_shows_every_key(tmp_path: Path, model: type[Study | Scoring | Site | Export]) -> None:
    write_template(tmp_path)
    text = (tmp_path / "study.yaml").read_text(encoding="utf-8")
    keys = {field.alias or name for name, field in model.model_fields.items()} - model.given
    assert {key for key in keys if not re.search(rf"^[ #]*{key}:", text, re.MULTILINE)} == set()


def test_every_commented_key_is_valid_once_its_sign_is_gone(tmp_path: Path) -> None:
    write_template(tmp_path)
    file = tmp_path / "study.yaml"
    text = file.read_text(encoding="utf-8")
    registry, refused = load_registry(), {}
    for line in commented_keys(text):
        trial = text.replace(line, COMMENTED.sub(r"\1\2", line))
        file.write_text(trial, encoding="utf-8")
        try:
            check_against(load_study(file), registry)
        except ConfigurationError as error:
            refused[line.strip()] = str(error)
    assert refused == {}


@pytest.mark.parametrize(
    ("folder", "slug", "title"),
    [
        ("north_star", "north_star", "north star"),
        ("Nördlicher Stern", "nordlicher_stern", "Nördlicher Stern"),
        ('My "best" study', "my_best_study", 'My "best" study'),
        ("東京", "my_study", "東京"),
    ],
    ids=["slug", "umlaut", "quotes", "another script"],
)
def test_the_study_is_called_like_its_folder(tmp_path: Path, folder: str, slug: str, title: str) -> None:
    write_template(tmp_path / folder)
    study = load_study(tmp_path / folder)
    assert (study.slug, study.title) == (slug, title)


def test_all_files_are_told_and_each_site_has_its_folder(tmp_path: Path) -> None:
    written = write_template(tmp_path / "a" / "b")
    names = {str(path.relative_to(tmp_path / "a" / "b")) for path in written}
    assert names == {
        ".gitignore",
        "definitions.py",
        "drops/clinic_a/.gitkeep",
        "instruments/README.md",
        "study.yaml",
        "workspace.yaml",
    }
    assert load_study(tmp_path / "a" / "b").sites["clinic_a"].drop.is_dir()


def test_nothing_in_a_drop_folder_looks_like_a_file_of_the_site(tmp_path: Path) -> None:
    write_template(tmp_path)
    assert [path for path in (tmp_path / "drops" / "clinic_a").iterdir() if not path.name.startswith(".")] == []


def test_an_existing_study_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is there already; choose another folder, or edit that file"):
        write_template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]
    assert (tmp_path / "study.yaml").read_text(encoding="utf-8") == "mine"


def test_other_files_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine", encoding="utf-8")
    written = write_template(tmp_path)
    assert tmp_path / ".gitignore" not in written
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"file.* cannot be written: .*; choose a folder"):
        write_template(tmp_path / "file")


def test_dagster_is_pointed_at_the_definitions_beside_it(tmp_path: Path) -> None:
    write_template(tmp_path / "stern")
    workspace = YAML(typ="safe").load((tmp_path / "stern" / "workspace.yaml").read_text(encoding="utf-8"))
    expected = {"relative_path": "definitions.py", "attribute": "defs", "location_name": "stern"}
    assert workspace == {"load_from": [{"python_file": expected}]}
    tree = ast.parse((tmp_path / "stern" / "definitions.py").read_text(encoding="utf-8"))
    imported = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert imported == ["pathlib", "alliance_etl.deployment", "assets.definitions"]


def test_peoples_data_stay_out_of_version_control(tmp_path: Path) -> None:
    write_template(tmp_path)
    private = ["drops/clinic_a/wai.csv", "receipts/clinic_a/1/fixme.csv", "warehouse/alliance.duckdb", ".state/key"]
    for name in private:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    listed = subprocess.run(
        ["git", "-C", tmp_path, "ls-files", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(listed.stdout.split()) == {
        ".gitignore",
        "definitions.py",
        "drops/clinic_a/.gitkeep",
        "instruments/README.md",
        "study.yaml",
        "workspace.yaml",
    }
