"""House rules for texts: no machine of ours, no promise, no licensed wording, no page that nobody finds."""

import re
import tomllib

import yaml

from tests.conventions.tree import ROOT, pyproject, texts

MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9._~}\])])/(?:work|root|home|Users|tmp)/[A-Za-z0-9]")
PROMISE = re.compile("|".join(rf"\b{word}\b" for word in ("TO" + "DO", "FIX" + "ME", "X" * 3)))
LONGEST_LABEL = 5
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
INSTRUMENT_FILES = sorted((ROOT / "schemas" / "instruments").glob("*.yaml"))


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_text_names_a_path_of_somebodys_machine() -> None:
    assert lines_with(MACHINE_PATH) == []


def test_no_text_promises_work_that_is_not_done() -> None:
    assert lines_with(PROMISE) == []


def test_the_changelog_speaks_of_the_version_that_is_built() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"\n## {pyproject()['project']['version']}" in changelog


def test_the_lock_holds_the_version_that_is_built() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    (own,) = (package for package in lock["package"] if package["name"] == "alliance-etl")

    assert own["version"] == pyproject()["project"]["version"]


def test_every_decision_is_linked_from_the_index_by_its_title() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    titles = {page.name: page.read_text(encoding="utf-8").splitlines()[0].split(". ", 1)[1] for page in ADRS}

    assert [name for name, title in titles.items() if f"[{title}]({name})" not in index] == []


def test_a_link_between_pages_leads_somewhere() -> None:
    links = [
        (path, target)
        for path, text in texts()
        if path.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)", text)
        if not re.match(r"[a-z]+:", target)
    ]

    assert [(path, target) for path, target in links if not (ROOT / path).parent.joinpath(target).exists()] == []


def test_instrument_files_hold_no_item_wording_since_questionnaires_are_licensed() -> None:
    labels = [
        (file.name, str(label))
        for file in INSTRUMENT_FILES
        for label in (yaml.safe_load(file.read_text(encoding="utf-8")).get("item_labels") or {}).values()
    ]

    assert [
        (file, label) for file, label in labels if "?" in label or len(re.split(r"[\s_]+", label)) > LONGEST_LABEL
    ] == []
