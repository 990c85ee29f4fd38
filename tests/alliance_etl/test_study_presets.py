"""A preset fills in what a survey system's exports have in common; whatever the study writes wins."""

from pathlib import Path
from typing import Any

import pytest

from alliance_etl.study.export import Export
from alliance_etl.study.load import load_study
from alliance_etl.study.presets import presets
from tests.alliance_etl.study_files import SMALL, problems_of, written

SAID: dict[str, Any] = {"name": "wai", "files": "*.csv", "instrument": "wai_sr_client", "items": "wai_{n}"}


def export_of(**keys: Any) -> Export:
    return Export.model_validate({**SAID, "session": "session", **keys})


@pytest.mark.parametrize("name", presets())
def test_every_preset_makes_an_export_of_files_instrument_items_and_session(name: str) -> None:
    export = export_of(preset=name)
    assert export.preset == name
    assert export.participant == presets()[name].defaults["participant"]


def test_what_the_study_writes_wins() -> None:
    export = export_of(preset="qualtrics", participant="ExternalDataReference", date="RecordedDate")
    assert (export.participant, export.date) == ("ExternalDataReference", "RecordedDate")


def test_mappings_are_put_together_and_the_studys_entries_win() -> None:
    export = export_of(preset="redcap", missing={"-99": "refused", "NI": "nothing_known"})
    assert export.missing == {**export_of(preset="redcap").missing, "-99": "refused", "NI": "nothing_known"}
    assert export.missing["UNK"] == "unknown"


def test_an_entry_of_a_preset_can_be_taken_away() -> None:
    assert export_of(preset="qualtrics", skip_rows={"Status": []}).skip_rows == {"Status": ()}


def test_a_key_with_nothing_after_its_colon_takes_the_presets_away(tmp_path: Path) -> None:
    text = SMALL.replace("participant: ID", "participant: ID\n        preset: qualtrics\n        date:")
    assert load_study(written(tmp_path, text)).sites["berlin"].exports["wai"].date is None


def test_an_entry_with_nothing_after_its_colon_takes_the_presets_away(tmp_path: Path) -> None:
    text = SMALL.replace("participant: ID", "preset: redcap\n        missing: {NA: , -99: refused}")
    missing = load_study(written(tmp_path, text)).sites["berlin"].exports["wai"].missing
    assert "NA" not in missing
    assert (missing["NI"], missing["-99"]) == ("no_information", "refused")


def test_optional_columns_of_preset_and_study_are_put_together() -> None:
    export = export_of(preset="redcap", optional_columns=["therapist"], therapist="therapist")
    assert set(export.optional_columns) == {"redcap_event_name", "redcap_repeat_instance", "therapist"}


def test_a_key_that_the_preset_fills_in_is_not_missing(tmp_path: Path) -> None:
    text = SMALL.replace("participant: ID", "preset: qualtrics").replace("        session: Sitzung\n", "")
    export = load_study(written(tmp_path, text)).sites["berlin"].exports["wai"]
    assert (export.participant, export.session, export.date) == ("ExternalReference", None, "EndDate")


def test_an_unknown_preset_is_all_that_is_told_and_names_the_nearest(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, SMALL.replace("participant: ID", "preset: redcab"))
    assert problems == [
        'study.yaml, line 8, sites.berlin.exports.wai.preset: no preset "redcab"; did you mean "redcap"?'
    ]


@pytest.mark.parametrize("preset", ["[redcap]", "{redcap: 1}"])
def test_a_preset_that_is_no_name_is_told(tmp_path: Path, preset: str) -> None:
    (problem,) = problems_of(tmp_path, SMALL.replace("participant: ID", f"participant: ID\n        preset: {preset}"))
    assert "sites.berlin.exports.wai.preset: expected a text" in problem
