"""The process that checks, seen from outside: suites go in, results come out, whatever becomes of it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

from alliance_etl.quality.model import Expectation, Outcome, Result, Suite

PACKAGES = ("great_expectations", "pandas")
INSTALL = 'pip install "alliance-etl[quality]"'
# It checks what it is given, and tells nobody.
_QUIET = {"GX_ANALYTICS_ENABLED": "false", "GX_CLOUD_MODE": "false", "TQDM_DISABLE": "1"}


class CouldNotCheck(Exception):
    """Nothing could be checked; the words say why."""


def checked(suites: Sequence[Suite], seconds: float) -> list[Result]:
    """What came of every expectation, in order. CouldNotCheck where the process ends otherwise than by answering."""
    lacking = [package for package in PACKAGES if find_spec(package) is None]
    if lacking:
        raise CouldNotCheck(f"{', '.join(lacking)} is not installed; run: {INSTALL}")
    answers = _answered(json.dumps([asdict(suite) for suite in suites], default=str), seconds)
    return [
        _result(suite, expectation, answer)
        for suite, told in zip(suites, answers, strict=True)
        for expectation, answer in zip(suite.expectations, told, strict=True)
    ]


def _answered(asked: str, seconds: float) -> Sequence[Sequence[Mapping[str, Any]]]:
    bootstrap = f"import sys; sys.path[:] = {sys.path!r}; from alliance_etl.quality.validate import main; main()"
    try:
        done = subprocess.run(
            [sys.executable, "-c", bootstrap],
            input=asked,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            env={**os.environ, **_QUIET},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CouldNotCheck(f"it was not done after {seconds / 60:g} minutes (quality.minutes in study.yaml)") from None
    if done.returncode < 0:
        raise CouldNotCheck(f"its process was killed (signal {-done.returncode}), most often for want of memory")
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2].split(":")[0]
        raise CouldNotCheck(f"its process ended with {last or f'status {done.returncode}'}")
    try:
        answers: Sequence[Sequence[Mapping[str, Any]]] = json.loads(done.stdout)
    except ValueError:
        raise CouldNotCheck("its process ended without an answer") from None
    return answers


def _result(suite: Suite, expectation: Expectation, answer: Mapping[str, Any]) -> Result:
    outcome, why = _outcome(answer)
    of, count = answer["of"], answer["count"]
    means = expectation.means
    if answer["observed"] is not None and outcome == "failed":
        why = f"found {answer['observed']:.4g}"
    return Result(suite.about, means, expectation.kind, expectation.column, outcome, why, count, of)


def _outcome(answer: Mapping[str, Any]) -> tuple[Outcome, str | None]:
    if answer["error"]:
        return "error", f"could not be checked: {answer['error']}"
    if answer["of"] == 0:
        return "not_applicable", "there is no row"
    return ("passed", None) if answer["success"] else ("failed", None)
