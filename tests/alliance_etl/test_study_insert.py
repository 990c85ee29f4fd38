"""Exports are put into the text of study.yaml as lines: every byte outside of them stays as it is."""

import re
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.demo.plan import STUDY_FILE
from alliance_etl.errors import StudyFileError
from alliance_etl.instruments.registry import load_registry
from alliance_etl.study.add import text_with, write_text
from alliance_etl.study.insert import with_exports
from alliance_etl.study.load import load_study
from alliance_etl.study.template import write_template

EXPORT: dict[str, Any] = {
    "files": "wai*.csv",
    "instrument": "wai_sr_client",
    "participant": "Klient: ID #1",
    "session": "no",
    "date": "Datum",
    "date_format": "%d.%m.%Y",
    "items": [f"Frage {n}, „so“" for n in range(1, 13)],
    "labels": {"nie": 1, "öfter": 3, "immer": 5},
    "missing": {"-99": "not_answered", "~": "refused"},
    "response": {"min": 0, "max": 4},
}
TEXTS = {
    "demo": STUDY_FILE.read_text(encoding="utf-8"),
    "no sites yet": "# mine\nstudy: a   # short\n\n\n# the end",
    "sites without any": "study: a\nsites:   # none yet\n\nsettle_seconds: 3 # rest\n",
    "empty braces": "study: a\nsites: {} # none yet\nsettle_seconds: 3\n",
    "windows": "study: a\r\nsites: # here\r\n    x:   # four spaces\r\n        exports:\r\n            e: &e\r\n"
    "                files: 'a*'\r\n                instrument: srs3_client\r\n                participant: p\r\n"
    "                session: s\r\n                items: [a, b, c, d]\r\n                # scores: {}\r\n\r\n# e\r\n",
    "json": '{"study": "a", "sites": {"x": {"exports": {"e": {"files": "*", "instrument": "srs3_client", '
    '"participant": "p", "session": "s", "items": ["a", "b", "c", "d"]}}}}, "settle_seconds": 0}',
    "braces over lines": "study: a\nsites: {\n  x: {exports: {e: {files: '*', instrument: srs3_client, participant: p,"
    " session: s, items: [a, b, c, d],}}} # a remark }\n}\n",
    "mark of byte order": "\ufeffstudy: a\nsites:\n",
}
REGISTRY = load_registry()


def written(folder: Path, text: str) -> Path:
    (folder / "study.yaml").write_bytes(text.encode("utf-8"))
    return folder


def without_added(before: str, after: str) -> bool:
    """Whether `after` is `before` with one piece put in."""
    start = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    added = len(after) - len(before)
    return any(after[:at] + after[at + added :] == before for at in range(max(0, start - added), start + 1))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("site", ["x", "new_one"])
def test_all_that_was_there_is_there_byte_for_byte(name: str, site: str, tmp_path: Path) -> None:
    before = TEXTS[name]

    after = text_with(written(tmp_path, before), site, "Ein Titel: neu", {"more": EXPORT}, REGISTRY)

    ended = before if before.endswith("\n") or "\n" not in after[len(before) :] else before + "\n"
    assert without_added(ended, after) or without_added(before, after)


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_put_in_is_read_as_it_was_meant(name: str, tmp_path: Path) -> None:
    write_text(tmp_path, text_with(written(tmp_path, TEXTS[name]), "x", None, {"more": EXPORT}, REGISTRY))

    export = load_study(tmp_path).sites["x"].exports["more"]

    assert export.participant == "Klient: ID #1"
    assert export.session == "no"
    assert export.items == tuple(EXPORT["items"])
    assert export.labels == {"nie": 1, "öfter": 3, "immer": 5}
    assert export.missing == {"-99": "not_answered", "~": "refused"}


def test_a_new_site_stands_behind_the_others_of_what_init_writes(tmp_path: Path) -> None:
    write_template(tmp_path)
    before = (tmp_path / "study.yaml").read_text(encoding="utf-8")

    after = text_with(tmp_path, "clinic_b", "Clinic B", {"wai": EXPORT}, REGISTRY)

    assert after.startswith(before)
    assert re.search(r"\n  clinic_b:\n    title: Clinic B\n    exports:\n      wai:\n        files: ", after)


def test_a_comment_that_belongs_to_the_last_key_stays_with_it() -> None:
    before = "sites:\n  x:\n    exports:\n      e:\n        files: a\n        # files: b\n  y:\n    exports: {}\n"

    after = with_exports(before, "x", None, {"more": {"files": "c"}})

    assert after.index("# files: b") < after.index("more:") < after.index("  y:")


ALIAS = "study: a\nsites:\n  x: &x\n    exports: &e\n      e: {files: a}\n  y:\n    exports: *e\n  z: *x\n"


@pytest.mark.parametrize("site", ["y", "z"])
def test_an_alias_is_left_alone_since_two_places_would_change(site: str) -> None:
    with pytest.raises(StudyFileError, match="alias"):
        with_exports(ALIAS, site, None, {"more": EXPORT})


def test_an_entry_that_study_yaml_would_refuse_is_not_put_in(tmp_path: Path) -> None:
    written(tmp_path, TEXTS["demo"])

    with pytest.raises(StudyFileError, match="date_format"):
        text_with(tmp_path, "x", None, {"more": {**EXPORT, "date_format": "%d"}}, REGISTRY)


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "real.yaml"
    target.write_text("study: a\n", encoding="utf-8")
    target.chmod(0o640)
    (tmp_path / "study.yaml").symlink_to(target)

    write_text(tmp_path, "study: b\n")

    assert (tmp_path / "study.yaml").is_symlink()
    assert target.read_text(encoding="utf-8") == "study: b\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.yaml", "study.yaml"]
