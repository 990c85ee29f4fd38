"""Receipts: what a site gets back, and that what it sends back after mending is understood."""

import codecs
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_etl.check import check_file
from alliance_etl.findings.comment import UNDEFUSED, comment_column, defused, exports_told, is_formula
from alliance_etl.held import by_cause, held_rows
from alliance_etl.night.reports import DropReport
from alliance_etl.receipts.model import Receipt
from alliance_etl.study.load import load_study
from scripts.make_receipt_schema import schema_file, schema_text
from tests.scenario import EXPORT, Scenario, all_promises, codes, counted, registry_in, site, table

FAULTY = table("P1,1,1,2,3", "P2,1,9,2,3", 'P3,1,"1,2', "P4,1,1,2,3,4,5", "P5,x,1,2,3")


def folder_of(study: Scenario, drop: DropReport) -> Path:
    return study.folder / "receipts" / drop.site / drop.drop_id


def fixme_of(study: Scenario, drop: DropReport) -> bytes:
    (path,) = folder_of(study, drop).glob("fixme*")
    return path.read_bytes()


def test_the_published_schema_is_not_stale() -> None:
    assert schema_file().read_text(encoding="utf-8") == schema_text(), "run: python -m scripts.make_receipt_schema"


@pytest.mark.parametrize(
    "content", [FAULTY, table("P1,1,1,2,3"), "client,session\nP1,1\n", ""], ids=["held", "clean", "rejected", "empty"]
)
def test_every_receipt_keeps_the_schema(tmp_path: Path, content: str) -> None:
    study = Scenario(tmp_path)
    document = study.receipt(study.received("a.csv", content))
    told = Receipt.model_validate(document)
    assert told.rows_read == told.new + told.changed + told.unchanged + told.held + told.skipped


def test_the_fixme_file_holds_just_the_held_rows_as_they_came(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    lines = fixme_of(study, study.received("a.csv", FAULTY)).decode().splitlines()
    assert lines[0] == "client,session,q1,q2,q3,what to fix (alliance-etl: pocket)"
    assert [line.partition(",")[0] for line in lines[1:]] == ["P2", "P3", "P4", "P5"]
    assert lines[1].startswith("P2,1,9,2,3,q1 (answer_out_of_range): The answer lies outside")
    assert lines[2].startswith('P3,1,"1,2,(unterminated_quote) ')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_fixme_file_is_written_as_the_site_writes(
    tmp_path: Path, encoding: str, delimiter: str, newline: str
) -> None:
    export = {**EXPORT, "participant": "Schlüssel", "date": "Datum", "date_format": "%d.%m.%Y"}
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})
    rows = ["Schlüssel;session;Datum;q1;q2;q3", "Jörg;1;05.02.2024;1;2;3", "Zoë;1;06.02.2024;1;2;9"]
    text = newline.join(row.replace(";", delimiter) for row in rows) + newline
    content = codecs.BOM_UTF16_LE + text.encode("utf-16-le") if encoding == "utf-16" else text.encode(encoding)

    written = fixme_of(study, study.received("a.csv", content))

    decoded = written.decode(encoding)
    assert written.startswith(content[:2])
    assert decoded.endswith(newline)
    header, row = decoded.split(newline)[:2]
    assert header.startswith(rows[0].replace(";", delimiter))
    assert row.startswith(rows[2].replace(";", delimiter) + delimiter)
    assert row.count(delimiter) == header.count(delimiter)


def test_a_corrected_fixme_file_is_understood_under_any_name(tmp_path: Path) -> None:
    narrow = {**EXPORT, "files": "wai*.csv"}
    study = Scenario(
        tmp_path, {"berlin": site(pocket=narrow, other={**narrow, "files": "*fix*", "rater_role": "observer"})}
    )
    first = study.received("wai_march.csv", FAULTY)
    fixed = fixme_of(study, first).decode().replace("P2,1,9", "P2,1,5").replace("P5,x", "P5,1")

    back = study.received("Fixme corrected.txt", fixed)

    assert list(back.exports) == ["pocket"]
    assert counted(back) == {"rows_read": 4, "new": 2, "held": 2}
    assert codes(study.findings(back)) == ["unterminated_quote", "row_too_long"]


def test_an_uncorrected_fixme_file_is_held_just_as_it_was(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = study.received("a.csv", FAULTY)
    back = study.received("fixme.csv", fixme_of(study, first))
    again = study.received("fixme2.csv", fixme_of(study, back))

    assert codes(study.findings(back)) == codes(study.findings(first)) == codes(study.findings(again))
    assert counted(back) == {"rows_read": 4, "held": 4}
    assert fixme_of(study, again).decode().splitlines()[0].count("what to fix") == 1


def test_a_fixme_file_is_not_the_whole_history_of_a_snapshot(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket={**EXPORT, "snapshot": True})})
    first = study.received("a.csv", table("P1,1,1,2,3", "P2,1,9,2,3"))
    back = study.received("fixme.csv", fixme_of(study, first).decode().replace("P2,1,9", "P2,1,5"))
    assert (counted(back), codes(study.findings(back))) == ({"rows_read": 1, "new": 1}, [])


def test_a_rebuild_understands_the_fixme_files_too(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket={**EXPORT, "files": "a.csv"})})
    first = study.received("a.csv", FAULTY)
    study.received("fixme.csv", fixme_of(study, first).decode().replace("P2,1,9", "P2,1,5"))
    study.night()
    before = study.tables()
    study.night(rebuild=True)
    assert study.tables() == before
    assert len(before["forms"]) == 2


def test_check_reads_a_fixme_file_as_a_run_does(tmp_path: Path) -> None:
    study = Scenario(tmp_path / "study", {"berlin": site(pocket={**EXPORT, "files": "a.csv"})})
    first = study.received("a.csv", FAULTY)
    (tmp_path / "fixme.csv").write_bytes(fixme_of(study, first).replace(b"P2,1,9", b"P2,1,5"))
    loaded = load_study(study.folder)
    report = check_file(loaded, registry_in(study.folder), all_promises(), tmp_path / "fixme.csv", "berlin")
    assert counted(report.drop) == {"rows_read": 4, "new": 1, "held": 3}


@given(st.text())
def test_a_defused_cell_comes_back_as_it_was(text: str) -> None:
    import polars as pl

    harmless = defused(text)
    assert not is_formula(harmless)
    assert pl.Series([harmless]).str.replace(*UNDEFUSED).item() == text


def test_a_formula_in_an_id_is_defused_on_its_way_out_and_the_same_person_on_its_way_back(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = study.received("a.csv", table("=HYPERLINK(1),1,1,2,3", "=HYPERLINK(1),2,9,2,3"))
    written = fixme_of(study, first).decode()
    assert "\n'=HYPERLINK(1),2,9" in written
    study.received("fixme.csv", written.replace(",2,9", ",2,4"))
    study.night()
    assert study.rows("SELECT count(DISTINCT participant), count(*) FROM forms") == [(1, 2)]


def test_the_header_names_the_exports_and_nothing_else_does() -> None:
    assert exports_told(["a", comment_column(["wai", "srs"])]) == ("wai", "srs")
    assert exports_told(["what to fix", "wai"]) == ()


def test_a_fixme_file_goes_when_the_configuration_releases_the_rows(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    drop = study.received("a.csv", table("P1,1,1,2,3", "P2,1,never,2,3"))
    assert "fixme.csv" in study.receipt(drop)["fixme"]
    study.sites["berlin"]["exports"]["pocket"]["labels"] = {"never": 1}
    study.write()

    study.take_in()

    assert study.receipt(drop)["fixme"] is None
    assert not list(folder_of(study, drop).glob("fixme*"))
    assert "All is well" in (folder_of(study, drop) / "receipt.html").read_text(encoding="utf-8")


def test_the_receipt_tells_what_changed_against_earlier_files(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.received("a.csv", table("P1,1,1,2,3", "P2,1,1,2,3", "P3,1,1,2,3"))
    drop = study.received("b.csv", table("P1,1,1,2,3", "P2,1,1,5,4", "P4,1,1,2,3"))
    assert study.receipt(drop)["against_earlier"] == {
        "pocket": {"new": 1, "changed": 1, "changed_cells": {"q2": 1, "q3": 1}, "not_in_this_file": 1}
    }


def test_forms_of_another_role_are_not_missed(tmp_path: Path) -> None:
    exports = {"mine": {**EXPORT, "files": "c*"}, "yours": {**EXPORT, "files": "t*", "rater_role": "therapist"}}
    study = Scenario(tmp_path, {"berlin": site(**exports)})
    study.received("c.csv", table("P1,1,1,2,3"))
    drop = study.received("t.csv", table("P1,1,1,2,3"))
    assert study.receipt(drop)["against_earlier"]["yours"]["not_in_this_file"] == 0


def test_the_page_says_first_what_became_of_the_file_and_quotes_nobody(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    header = "client,session,q1,q2,q3,<script>alert(1)</script>"
    drop = study.received("a.csv", table("Secret1,1,1,2,3,x", "Secret2,1,9,2,3,y", header=header))
    page = (folder_of(study, drop) / "receipt.html").read_text(encoding="utf-8")
    assert "1 of 2 rows were taken in; 1 is held until mended." in page
    assert "Cell C3, column q1" in page
    assert "Secret" not in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_missing_column_is_one_finding_on_the_page(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    drop = study.received("a.csv", table(*(f"P{n},1,1,2" for n in range(500)), header="client,session,q1,q2"))
    page = (folder_of(study, drop) / "receipt.html").read_text(encoding="utf-8")
    assert page.count('class="finding error"') == 1
    assert "This file could not be read as it is." in page


def test_held_rows_are_listed_until_they_are_released(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    drop = study.received("a.csv", table("P1,1,9,2,3", "P2,1,9,2,3", "P3,1,1,8,3"))
    told = listed(study)
    assert [(entry["drop_id"], entry["held"], len(entry["rows"])) for entry in told] == [(drop.drop_id, 3, 3)]
    assert [(cause["cell"], cause["count"]) for cause in by_cause(told[0]["rows"])] == [("C2", 2), ("D4", 1)]
    assert "P1" not in json.dumps(told)

    study.sites["berlin"]["exports"]["pocket"]["missing"] = {"9": "refused", "8": "refused"}
    study.write()
    study.take_in()
    assert listed(study) == []


def listed(study: Scenario) -> list[dict[str, Any]]:
    return held_rows(load_study(study.folder))
