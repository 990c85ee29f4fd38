"""Measure every size that is asked for, print the ratios, write docs/benchmark.md."""

import argparse
from pathlib import Path

from scripts.bench.page import page, ratios
from scripts.bench.rounds import run_round

ROOT = Path(__file__).resolve().parents[2]
LARGEST_FOR_PANDAS = 1_000_000  # beyond, the long frame does not fit into the memory of most machines


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--forms", type=int, nargs="+", default=[1_000_000, 10_000_000], help="sizes to measure")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmark.md", help="where the table goes")
    asked = parser.parse_args()
    rounds = []
    for forms in asked.forms:
        rounds.append(run_round(forms, ROOT / "bench" / str(forms), with_pandas=forms <= LARGEST_FOR_PANDAS))
        print(ratios(rounds[-1]), flush=True)
    asked.page.write_text(page(rounds), encoding="utf-8")


if __name__ == "__main__":
    main()
