"""docs/benchmark.md, written from what was measured."""

import os
import platform
from importlib.metadata import version

from scripts.bench.measure import Cost
from scripts.bench.rounds import Round

HEAD = """\
# Benchmark

Written by `make bench`; run it to have your machine's numbers here. A generated study (20 sites, five instruments,
180 files, four dialects, 1 % of answers missing, one row in a thousand to be held) is taken in from nothing, as whole
processes, one after the other:

- **floor**: DuckDB copies each CSV file to Parquet as it is, `COPY (SELECT * FROM read_csv(file)) TO …`. No check,
  no key, no score.
- **job**: `alliance-etl run` on a fresh study: intake, validation, receipts, encrypted archive, scores, components,
  publication.
- **pandas**: `scripts/bench/pandas_script.py`, the script that most studies have: read, melt to long, merge the key,
  group, write.

Only ratios within one run mean anything on another machine. The aim: job within 4 times the floor and under 4 GB at
10 million forms, and at least 3 times faster than the pandas script at 1 million. Processor time and
peak memory are of all processes of a job together, its workers' included (memory sampled 20 times a second, pages that
processes share counted for each). Where other work shares the machine, processor time is the better witness.
"""


def page(rounds: list[Round]) -> str:
    """The whole page as Markdown."""
    return (
        "\n".join([HEAD, _machine(), "", *_totals(rounds), *(line for one in rounds for line in _stages(one))]) + "\n"
    )


def ratios(one: Round) -> str:
    """One line for the terminal."""
    processor = f"of processor time {one.job_per_floor_cpu:.2f}"
    against_pandas = f"; pandas / job {one.pandas_per_job:.1f}" if one.pandas_per_job else ""
    ratio = f"job / floor {one.job_per_floor:.2f} ({processor}){against_pandas}"
    return f"{one.forms:,} forms: {ratio}; peak {one.job.peak_mb:,.0f} MB"


def _machine() -> str:
    made_of = ", ".join(f"{name} {version(name)}" for name in ("dagster", "duckdb", "polars", "pandas"))
    return f"Measured with {os.cpu_count()} cores, Python {platform.python_version()}, {made_of}."


def _totals(rounds: list[Round]) -> list[str]:
    return [
        "| forms | files | floor | job | job / floor | pandas | pandas / job |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(_row(one) for one in rounds),
    ]


def _row(one: Round) -> str:
    against_pandas = f"{one.pandas_per_job:.1f}" if one.pandas_per_job else ""
    size, ratio = f"{one.bytes / 1e6:,.0f} MB", f"{one.job_per_floor:.2f}"
    cells = [f"{one.forms:,}", size, _cost(one.floor), _cost(one.job), ratio, _cost(one.pandas), against_pandas]
    return f"| {' | '.join(cells)} |"


def _stages(one: Round) -> list[str]:
    if not one.stages:
        return []
    lines = [f"| {name} | {said['seconds']:.1f} s | {said['peak_mb']:,.0f} MB |" for name, said in one.stages.items()]
    title = f"## Stages at {one.forms:,} forms"
    return ["", title, "", "| stage | time | peak so far |", "| --- | ---: | ---: |", *lines]


def _cost(cost: Cost | None) -> str:
    return (
        f"{cost.seconds:.1f} s ({cost.cpu_seconds:.1f} s of processor), {cost.peak_mb:,.0f} MB" if cost else "not run"
    )
