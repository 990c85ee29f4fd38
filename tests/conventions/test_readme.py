"""README is run: its sh lines in order in an empty folder, then its Python and its SQL on what they left there.

`make demo` is run as the verb behind it, so the checkout stays as it is. Lines that fetch or install are only read.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.conventions.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
ONLY_READ = ("git clone", "cd ", "pip install", "uv ", "export ", "source ")


def fenced(language: str) -> list[str]:
    """The blocks of that language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The sh lines without comments and prompts; a line that ends in a backslash goes on."""
    lines = "\n".join(fenced("sh")).replace("\\\n", " ").splitlines()
    return [
        line for line in (line.split(" #")[0].removeprefix("$ ").strip() for line in lines) if line and line[0] != "#"
    ]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ["bash", "-euo", "pipefail", "-c", command.replace("make demo", "alliance-etl demo demo")]
    return subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": programs}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after all commands of README, each of which worked."""
    folder = tmp_path_factory.mktemp("readme")
    for command in commands():
        if command == "make demo" or not command.startswith(("make", *ONLY_READ)):
            done = run(command, folder)
            assert done.returncode in {0, 1 if "alliance-etl check" in command else 0}, f"{command}\n{done.stderr}"
    return folder


def test_every_make_target_that_is_named_exists() -> None:
    named = re.findall(r"\bmake ([a-z]+)\b", "\n".join([*commands(), *re.findall(r"`([^`\n]+)`", README)]))

    assert named
    assert [target for target in named if target not in TARGETS] == []


def test_every_verb_is_named() -> None:
    verbs = ("demo", "init", "run", "check", "status", "trace", "instruments")

    assert [verb for verb in verbs if not re.search(rf"(?:`|alliance-etl |make ){verb}\b", README)] == []


@pytest.mark.slow
def test_the_commands_publish_a_study(left_behind: Path) -> None:
    assert list(left_behind.glob("*/warehouse/alliance.duckdb"))


@pytest.mark.slow
def test_the_python_runs_where_the_commands_ran(left_behind: Path) -> None:
    scripts = fenced("python")

    done = [run(f"{shlex.quote(sys.executable)} -c {shlex.quote(script)}", left_behind) for script in scripts]

    assert [one.stderr for one in done if one.returncode] == []


@pytest.mark.slow
def test_the_queries_answer(left_behind: Path) -> None:
    queries = [query for block in fenced("sql") for query in block.split(";") if query.strip()]
    published = left_behind / "demo" / "warehouse" / "alliance.duckdb"

    with duckdb.connect(str(published), read_only=True) as connection:
        answers = [connection.execute(query).fetchall() for query in queries]

    assert all(answers)
