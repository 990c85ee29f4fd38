"""Two ids that look the same and are not: told once, and never made one.

Which characters look alike is Unicode's (UTS 39, confusables.txt); the pairs here are examples of its documentation,
and of what clinics send: two keyboards, a Mac's way of writing accents, an id copied out of a document.
"""

import unicodedata
from itertools import permutations
from pathlib import Path

import pytest

from alliance_etl.intake.lookalikes import plain
from tests.scenario import EXPORT, Scenario, site, table

LATIN, CYRILLIC = "P012", "\u0420012"


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        (CYRILLIC, "P012"),
        ("\u0440\u0430ypal", "paypal"),  # UTS 39, section 4
        ("\uff21\uff11\uff12", "A12"),  # full width
        ("A\u200b12", "A12"),
        ("A\u00ad12", "A12"),  # a soft hyphen
        ("A\u00a012", "A 12"),
        ("A\u201012", "A-12"),
        ("\u0661\u0662", "12"),  # Arabic-Indic digits
        ("\u0391\u039212", "AB12"),  # Greek
        (unicodedata.normalize("NFD", "M\u00fcller-7"), "M\u00fcller-7"),
        ("M\u00fcller-7", "M\u00fcller-7"),
        ("\u65e5\u672c-7", "\u65e5\u672c-7"),
        ("A12", "A12"),
    ],
)
def test_an_id_in_plain_characters(written: str, typed: str) -> None:
    assert plain(written) == typed


def told(study: Scenario) -> list[tuple[str, str, int]]:
    return study.rows("SELECT file, code, forms FROM alerts JOIN drops USING (site, drop_id) WHERE state = 'open'")


def test_two_ids_of_one_look_are_told_in_whatever_order_they_come(tmp_path: Path) -> None:
    files = {
        "latin.csv": table(f"{LATIN},1,1,2,3"),
        "cyrillic.csv": table(f"{CYRILLIC},2,1,2,3", f"{CYRILLIC},3,1,2,3"),
    }
    tables = []
    for number, order in enumerate(permutations(files)):
        study = Scenario(tmp_path / f"{number}")
        for name in order:
            study.drop(name, files[name])
            study.night()
        assert told(study) == [("cyrillic.csv", "lookalike_id", 2)]
        assert study.rows("SELECT count(DISTINCT participant) FROM forms") == [(2,)]
        found = study.rows("SELECT alert_id, code, site, form_id FROM alerts ORDER BY ALL")
        study.night(rebuild=True)
        assert study.rows("SELECT alert_id, code, site, form_id FROM alerts ORDER BY ALL") == found
        tables.append([row[1:3] for row in found])

    assert tables[0] == tables[1]


@pytest.mark.parametrize("others", [("B2", "C3"), ("\u0411\u0418", "\u0416\u0418"), ("M\u00fcller", "Muller")])
def test_ids_of_another_alphabet_by_themselves_are_no_alert(others: tuple[str, str], tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("pocket.csv", table(f"{CYRILLIC},1,1,2,3", *(f"{other},1,1,2,3" for other in others)))

    study.night()

    assert told(study) == []


def test_two_that_are_both_not_plain_are_told_both(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("pocket.csv", table(f"{CYRILLIC},1,1,2,3", "P\u200b012,1,1,2,3"))

    study.night()

    assert [code for _, code, _ in told(study)] == ["lookalike_id"] * 2


def test_therapists_are_looked_at_sites_are_kept_apart_and_a_study_may_switch_it_off(tmp_path: Path) -> None:
    export = {**EXPORT, "therapist": "who"}
    study = Scenario(tmp_path, {name: site(pocket=export) for name in ("berlin", "ulm")})
    header = "client,session,who,q1,q2,q3"
    study.drop("a.csv", table(f"A1,1,{LATIN},1,2,3", f"B2,1,{CYRILLIC},1,2,3", header=header))
    study.drop("b.csv", table(f"{LATIN},1,X,1,2,3", header=header), "ulm")
    study.drop("c.csv", table(f"{CYRILLIC},1,Y,1,2,3", header=header))
    study.night()
    assert told(study) == [("a.csv", "lookalike_id", 1)]

    study.more["alerts"] = {"lookalike_id": False}
    study.write()
    study.night()

    assert told(study) == []


def test_the_alert_goes_when_the_id_is_corrected_and_can_be_confirmed(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(snapshot=True)
    study.drop("pocket.csv", table(f"{LATIN},1,1,2,3", f"{CYRILLIC},2,1,2,3"))
    study.night()
    ((alert,),) = study.rows("SELECT alert_id FROM alerts")
    study.drop("confirmations.csv", f"alert_id,confirmed_by,reason\n{alert},A. Data,two people\n")
    study.night()

    assert study.rows("SELECT state FROM alerts") == [("confirmed",)]


def test_no_id_is_written_down(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("pocket.csv", table("Secretname,1,1,2,3", "Se\u0441retname,2,1,2,3"))

    study.night()

    (tmp_path / "drops" / "berlin" / "pocket.csv").unlink()
    assert told(study) != []
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"etname" in path.read_bytes()]
