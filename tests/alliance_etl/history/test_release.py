"""Releases: whole, checked, described by others' standards, and never changed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml
from referencing import Registry as Schemas
from referencing import Resource
from typer.testing import CliRunner

from alliance_etl.audit import verified
from alliance_etl.cli.app import app
from alliance_etl.errors import ConfigurationError, RunFailed
from alliance_etl.history.publications import releases
from alliance_etl.history.release import Wish, release, verify
from alliance_etl.night.scorings import scorings_of
from alliance_etl.state.layout import Layout
from alliance_etl.study.load import load_study
from schemas.tables import STORED
from tests.scenario import EXPORT, Scenario, all_promises, registry_in, site, table

SCHEMAS = Path(__file__).parent / "published_schemas"
SECRET = "Müller-Lüdenscheidt"


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    export = {**EXPORT, "skip_rows": {"client": SECRET}, "missing": {"-99": "refused"}}
    scenario = Scenario(tmp_path, {"berlin": site(pocket=export)})
    scenario.drop("first.csv", table("1,1,5,4,1", f"{SECRET},1,3,3,2", "3,1,77,3,3"))
    scenario.night()
    return scenario


def released(study: Scenario, name: str = "wave-1", **wish: Any) -> Path:
    loaded, registry = load_study(study.folder), registry_in(study.folder)
    wide = [scoring.table for scoring in scorings_of(loaded, registry, all_promises())]
    return release(loaded, registry, [*wide, *STORED], Wish(name, **wish))


def test_a_release_is_whole_and_holds(study: Scenario) -> None:
    folder = released(study)
    assert verify(folder) == []
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=False).returncode == 0
    assert {path.name for path in folder.iterdir()} == {
        *("alliance.duckdb", "tables", "instruments", "codebook.csv", "datapackage.json", "CITATION.cff"),
        *("settings.json", "versions.txt", "README.md", "SHA256SUMS"),
    }


def test_it_keeps_what_was_published_when_the_study_goes_on(study: Scenario) -> None:
    folder = released(study)
    study.drop("second.csv", table("1,1,1,1,5"))
    study.night()
    study.night(rebuild=True)
    with duckdb.connect(str(folder / "alliance.duckdb"), read_only=True) as then:
        assert then.execute("SELECT score FROM scores WHERE scale = 'total'").fetchall() == [(14.0,)]
    assert verify(folder) == []


def validator(name: str) -> jsonschema.Draft7Validator:
    """A published schema, with those that it refers to at hand."""
    documents = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    known = Schemas().with_resources(
        (f"https://datapackage.org/profiles/2.0/{file}", Resource.from_contents(document))
        for file, document in documents.items()
        if file != "cff.json"
    )
    kind = jsonschema.validators.validator_for(documents[name])
    return kind(documents[name], registry=known)


def test_its_descriptor_is_a_data_package_by_the_published_profile(study: Scenario) -> None:
    document = json.loads((released(study, license="CC-BY-4.0") / "datapackage.json").read_text(encoding="utf-8"))
    validator("datapackage.json").validate(document)
    fields = {field["name"]: field for field in document["resources"][0]["schema"]["fields"]}
    assert fields["item_1"]["constraints"] == {"minimum": 1, "maximum": 5}
    assert {resource["name"] for resource in document["resources"]} == {"answers_pocket", *(t.name for t in STORED)}


def test_the_profile_refuses_what_is_no_data_package() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator("datapackage.json").validate({"resources": []})


def test_its_citation_is_one_by_the_published_schema(study: Scenario) -> None:
    folder = released(study, authors=("Curie, Marie", "The North Star group"), license="CC-BY-4.0")
    document = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    validator("cff.json").validate(document)
    assert document["authors"] == [{"family-names": "Curie", "given-names": "Marie"}, {"name": "The North Star group"}]


def test_no_clinics_words_and_no_id_get_into_it(study: Scenario) -> None:
    folder = released(study)
    texts = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in texts if SECRET.encode() in path.read_bytes()]
    assert str(study.folder) not in (folder / "settings.json").read_text(encoding="utf-8")


def test_a_name_that_is_taken_or_none_is_refused(study: Scenario) -> None:
    released(study)
    with pytest.raises(ConfigurationError, match="a release never changes"):
        released(study)
    for name in ("../out", "Wave 1", "current", ""):
        with pytest.raises(ConfigurationError, match="is no name for a release"):
            released(study, name)


def test_what_is_not_what_study_yaml_says_today_is_not_released(study: Scenario) -> None:
    study.more["scoring"] = {"min_answered": 0.5}
    study.write()
    with pytest.raises(RunFailed, match="has changed since the current publication"):
        released(study)
    assert not (study.folder / "releases" / "wave-1").exists()


def test_a_publication_that_was_touched_is_not_released(study: Scenario) -> None:
    drops = study.folder / "warehouse" / "tables" / "drops.parquet"
    drops.write_bytes(drops.read_bytes() + b"x")
    with pytest.raises(RunFailed, match="not as the last night left it"):
        released(study)


@pytest.mark.parametrize(
    ("what", "told"),
    [("changed", "is another file"), ("missing", "is missing"), ("more", "was not part of the release")],
)
def test_a_release_that_was_touched_is_told(study: Scenario, what: str, told: str) -> None:
    folder = released(study)
    codebook = folder / "codebook.csv"
    if what == "changed":
        codebook.chmod(0o644)
        codebook.write_text("nothing", encoding="utf-8")
    elif what == "missing":
        codebook.unlink()
    else:
        (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (words,) = verify(folder)
    assert told in words


def test_the_next_release_tells_what_has_changed_since(study: Scenario) -> None:
    released(study)
    study.drop("second.csv", table("1,1,4,4,1"))
    study.night()
    changes = json.loads((released(study, "wave-2") / "changes.json").read_text(encoding="utf-8"))
    assert (changes["since"], [row["reason"] for row in changes["forms"]]) == ("wave-1", ["corrected"])
    assert [each.name for each in releases(Layout(study.folder))] == ["wave-1", "wave-2"]


def test_it_is_in_the_audit_trail_and_a_witness_of_it(study: Scenario) -> None:
    released(study)
    with study.opened() as night:
        (row,) = night.ledger.trail.rows(actions=["release"])
        assert (row.about, row.told["number"]) == ("wave-1", "1")
    assert verified(study.folder)[1] is None


def test_the_verbs_release_verify_and_list(study: Scenario) -> None:
    def verb(*arguments: str) -> Any:
        return CliRunner().invoke(app, [*arguments, "--study", str(study.folder)])

    assert "Released: " in verb("release", "wave-1").stdout
    assert "is as it was made" in verb("release", "wave-1", "--verify").stdout
    assert json.loads(verb("releases", "--json").stdout)["releases"][0]["name"] == "wave-1"
    assert verb("release", "wave-9", "--verify").exit_code == 2
