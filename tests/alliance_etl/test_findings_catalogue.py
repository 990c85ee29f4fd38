"""The catalogue: every code explained for the programs that clinics have, on pages that are not stale."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alliance_etl.findings.catalogue import KINDS, THEMES, TOOLS, Kind
from scripts.make_finding_pages import folder, pages

REMAKE = "run: python -m scripts.make_finding_pages"
ROOT = Path(__file__).parents[2]


def explained(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alliance_etl.cli", "explain", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_a_kind_has_every_part_of_its_page(kind: Kind) -> None:
    assert kind.severity in {"error", "alert", "warning"}
    assert kind.level in {"file", "row", "cell"}
    assert set(kind.fix) <= set(TOOLS)
    assert {"excel", "redcap", "qualtrics"} <= set(kind.fix)
    texts = (kind.message, kind.how_to_fix, kind.means, kind.why, kind.study_yaml, *kind.fix.values())
    assert [text for text in texts if len(text) < 10 or text != text.strip()] == []
    assert kind.example.strip()


def test_a_code_stands_in_one_theme_only() -> None:
    assert sum(len(theme.kinds) for theme in THEMES.values()) == len(KINDS)


def test_what_is_no_error_says_that_nothing_is_held() -> None:
    told = {kind.code: kind.why for kind in KINDS.values() if kind.severity != "error"}

    assert [
        code for code, why in told.items() if not re.search(r"[Nn]othing (?:is held|and nothing)|published", why)
    ] == []


@pytest.mark.parametrize("code", KINDS)
def test_a_kind_is_found_by_something(code: str) -> None:
    """A code that no module names would be a page about nothing."""
    modules = [path for folder in ("alliance_etl", "schemas") for path in (ROOT / folder).rglob("*.py")]

    assert any(re.search(rf"\b{code}\b", path.read_text(encoding="utf-8")) for path in modules)


def test_the_pages_are_not_stale() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in folder().glob("*.md")}

    assert sorted(written) == sorted(pages()), REMAKE
    assert [name for name, text in pages().items() if written[name] != text] == [], REMAKE


def test_explain_prints_every_part_of_a_page() -> None:
    kind = KINDS["answer_out_of_range"]

    done = explained("answer_out_of_range")

    printed = " ".join(done.stdout.split())
    assert done.returncode == 0
    for text in (kind.means, kind.why, kind.how_to_fix, kind.example, *kind.fix.values(), kind.study_yaml):
        assert " ".join(text.split()) in printed


def test_explain_as_json_is_the_declaration() -> None:
    done = explained("form_twice", "--json")

    document = json.loads(done.stdout)
    assert document["code"] == "form_twice"
    assert document["fix"]["redcap"] == KINDS["form_twice"].fix["redcap"]


def test_explain_without_a_code_lists_all_on_a_line_each() -> None:
    lines = [line.split()[0] for line in explained().stdout.splitlines() if line.startswith("  ")]

    assert lines == list(KINDS)
    assert [kind["code"] for kind in json.loads(explained("--json").stdout)["findings"]] == list(KINDS)


@pytest.mark.parametrize(
    ("asked", "near"), [("answer_out_of_rang", "answer_out_of_range"), ("form-twise", "form_twice"), ("?", "")]
)
def test_an_unknown_code_is_answered_with_the_nearest(asked: str, near: str) -> None:
    done = explained(asked)

    assert done.returncode == 2
    assert near in done.stderr
    assert "alliance-etl explain" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_code_may_be_spelled_in_a_hurry() -> None:
    assert explained("Form Twice").stdout == explained("form_twice").stdout


def test_explain_loads_neither_frames_nor_the_scheduler() -> None:
    script = (
        "import sys; from alliance_etl.cli.app import app\n"
        "try: app(['explain', 'form_twice'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'polars', 'dagster', 'duckdb', 'pandera', 'pyarrow'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
