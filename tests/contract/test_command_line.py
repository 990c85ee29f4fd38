"""Section 3 of the contract: every verb, where it writes, and the status that it leaves."""

from pathlib import Path

import pytest

from tests.contract.conftest import Night
from tests.contract.kit import alliance_etl, write

pytestmark = pytest.mark.slow

TINY = """
study: tiny
settle_seconds: 0
sites:
  ulm:
    exports:
      srs:
        files: "*.csv"
        instrument: srs3_client
        participant: id
        session: s
        items: "q{n}"
"""
GOOD = "id,s,q1,q2,q3,q4\nULM-1,1,1,2,3,4\n"
BAD = "id,s,q1,q2,q3,q4\nULM-1,1,1,2,3,44\n"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A study that has never run."""
    return write(tmp_path / "tiny", {"study.yaml": TINY, "drops/ulm/good.csv": GOOD, "drops/ulm/bad.csv": BAD})


@pytest.mark.parametrize(
    ("file", "status", "held"), [("good.csv", 0, 0), ("bad.csv", 1, 1)], ids=["good file", "file with findings"]
)
def test_check_says_what_run_would_say_and_writes_nothing(tiny: Path, file: str, status: int, held: int) -> None:
    before = sorted(tiny.rglob("*"))

    ended = alliance_etl("check", f"drops/ulm/{file}", "--site", "ulm", "--json", at=tiny)

    assert (ended.status, ended.err) == (status, "")
    told = ended.document
    assert (told["rows_read"], told["new"], told["held"], len(told["findings"])) == (1, 1 - held, held, held)
    assert sorted(tiny.rglob("*")) == before


def test_check_tells_a_coordinator_the_cell_the_fault_and_the_remedy(tiny: Path) -> None:
    ended = alliance_etl("check", "drops/ulm/bad.csv", "--site", "ulm", at=tiny)

    assert all(word in ended.out for word in ("F2", "q4", "44", "from 0 to 10", "Correct the answer"))
    assert "ULM-1" not in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "drops/ulm/good.csv", "--site", "ulme"], ["ulme", "ulm"]),
        (["run", "--study", "elsewhere"], ["study.yaml", "elsewhere", "init"]),
        (["trace", "0" * 32], ["0" * 32]),
        (["instruments", "wai_sr"], ["wai_sr_client"]),
        (["run", "--sudy", "."], ["--sudy"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_status_2_and_is_explained_on_stderr(tiny: Path, arguments: list[str], words: list[str]) -> None:
    ended = alliance_etl(*arguments, at=tiny)

    assert (ended.status, ended.out) == (2, "")
    assert [word for word in words if word not in ended.err] == []


def test_a_wrong_study_is_status_2_and_every_fault_is_told_at_once_with_place_culprit_and_remedy(tiny: Path) -> None:
    faults = {"session: s": "sesion: s", "srs3_client": "srs4_client", "settle_seconds: 0": "timezone: Berlin"}
    study = TINY
    for right, wrong in faults.items():
        study = study.replace(right, wrong)
    (tiny / "study.yaml").write_text(study, encoding="utf-8")

    ended = alliance_etl("check", "drops/ulm/good.csv", "--site", "ulm", at=tiny)

    told = ended.err.splitlines()
    assert (ended.status, ended.out) == (2, "")
    for words in (("line 3", "Berlin", "Europe/Berlin"), ("line 11", "sesion", "session")):
        assert [line for line in told if all(word in line for word in words)], words


@pytest.mark.parametrize(
    ("instrument", "words"),
    [("srs4_client", ["line 9", "srs4_client", "srs3_client"]), ("ans12", ["line 9", "instruments/ans12.yaml", "key"])],
    ids=["unknown", "without a key"],
)
def test_an_instrument_that_cannot_be_scored_is_status_2_and_the_remedy_is_named(
    tiny: Path, instrument: str, words: list[str]
) -> None:
    (tiny / "study.yaml").write_text(TINY.replace("srs3_client", instrument), encoding="utf-8")

    ended = alliance_etl("run", "--study", tiny)

    assert (ended.status, [word for word in words if word not in ended.err]) == (2, [])


def test_status_reads_the_study_by_folder_by_file_by_environment_and_from_where_it_stands(night: Night) -> None:
    folder = night.folder
    ways = [
        alliance_etl("status", "--json", "--study", folder, at=Path("/")),
        alliance_etl("status", "--json", "--study", folder / "study.yaml", at=Path("/")),
        alliance_etl("status", "--json", at=Path("/"), ALLIANCE_STUDY=str(folder)),
        alliance_etl("status", "--json", at=folder),
    ]

    assert [way.status for way in ways] == [0] * 4
    assert len({way.out for way in ways}) == 1


def test_status_tells_each_site_its_last_drop_its_forms_and_its_held_rows(night: Night) -> None:
    told = alliance_etl("status", "--json", "--study", night.folder).document

    sites = {site["site"]: (site["forms"], site["held"], site["drops"]) for site in told["sites"]}
    assert sites == {"berlin": (10, 10, 1), "oslo": (5, 0, 1), "wien": (2, 0, 1), "london": (6, 0, 3)}


def test_trace_leads_every_number_back_to_its_cell_and_quotes_no_id(night: Night) -> None:
    ((form_id,),) = night.rows("SELECT form_id FROM forms WHERE (site, line, instrument) = ('oslo', 2, 'wai_s_client')")

    ended = alliance_etl("trace", form_id, "--json", "--study", night.folder, ALLIANCE_ETL_KEY="schlüssel der studie")

    fourth = ended.document["answers"][3]
    assert (ended.status, fourth["line"], fourth["cell"], fourth["raw"]) == (0, 2, "F2", "6")
    assert (fourth["column"], fourth["value"], fourth["keyed"]) == ("q'4", 2.0, 6.0)
    assert "PAS001" not in ended.out


def test_instruments_lists_the_registry_with_the_studys_own(night: Night) -> None:
    told = alliance_etl("instruments", "--json", "--study", night.folder).document

    ids = {instrument["id"] for instrument in (told if isinstance(told, list) else told["instruments"])}
    assert {"wai_sr_client", "mini_alliance"} <= ids


def test_init_writes_a_commented_study_and_overwrites_nothing(tmp_path: Path) -> None:
    first = alliance_etl("init", tmp_path / "new")
    again = alliance_etl("init", tmp_path / "new")

    assert (first.status, again.status) == (0, 2)
    assert (tmp_path / "new" / "study.yaml").read_text(encoding="utf-8").count("#") > 5
