"""Qualtrics' three rows of header are header, told by the import ids; nothing else is."""

from pathlib import Path

import pytest

from alliance_etl.reading import open_file
from tests.scenario import EXPORT, Scenario, counted, site

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "qualtrics" / "sample.csv"
EXPORT_OF_QUALTRICS = {**EXPORT, "participant": "ResponseId", "skip_rows": {"Status": ["Survey Preview", "1"]}}
IDS = '"{""ImportId"":""_recordId""}","{""ImportId"":""status""}","{""ImportId"":""QID1""}",' + ",".join(
    f'"{{""ImportId"":""QID2_{n}""}}"' for n in (1, 2, 3)
)
TEXTS = 'Response ID,Response Type,Which session?,"We agree\nabout goals",b,c'
HEADER = "ResponseId,Status,session,q1,q2,q3"
ROWS = "R_1,IP Address,1,1,2,3\nR_2,Survey Preview,1,1,2,3\nR_3,IP Address,1,9,2,3\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_question_texts_and_import_ids_are_no_rows(tmp_path: Path, newline: str) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=EXPORT_OF_QUALTRICS)})
    content = f"{HEADER}\n{TEXTS}\n{IDS}\n{ROWS}".replace("\n", newline)
    drop = study.received("a.csv", content)
    assert counted(drop) == {"rows_read": 3, "new": 1, "held": 1, "skipped": 1}
    (finding,) = study.findings(drop)
    assert (finding["line"], finding["cell"]) == ("7", "D6")


def test_a_row_of_texts_without_import_ids_below_is_a_row(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=EXPORT_OF_QUALTRICS)})
    drop = study.received("a.csv", f"{HEADER}\nResponse ID,Response Type,Which session?,a,b,c\n{ROWS}")
    assert counted(drop) == {"rows_read": 4, "new": 1, "held": 2, "skipped": 1}


@pytest.mark.skipif(not SHARED.exists(), reason="the public sample is not beside the checkout")
def test_the_public_sample_has_only_responses_in_its_rows() -> None:
    opened = open_file(SHARED, SHARED.name, ["ResponseId"])
    position = opened.header.index("ResponseId")
    ids = [text for block in opened.blocks([position]) for text in block.frame[str(position)]]
    assert ids
    assert all(text.startswith("R_") for text in ids)
