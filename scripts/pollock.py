"""Score the reader's own detection on a copy of the Pollock benchmark, and write docs/benchmark-pollock.md.

FOLDER is a checkout of https://github.com/HPI-Information-Systems/Pollock; nothing but the files' bytes is looked at.
With --check, the systems whose results lie in FOLDER/results are scored first, and must come out as published.

    python -m scripts.pollock FOLDER [--check] [--write]
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from alliance_etl.reading.detect import detect  # noqa: E402 - a script is run from anywhere
from scripts.pollock_measures import (  # noqa: E402
    Measures,
    Rows,
    measure_all,
    pollution,
    read_rows,
    read_weights,
    totals,
)

PAGE = ROOT / "docs" / "benchmark-pollock.md"
TOLERANCE = 0.002
OURS = "**alliance-etl, detecting by itself**"


def load(file: Path) -> Rows:
    """The first table of a file, as the benchmark wants it: names, where there are any, and records."""
    tables = detect(file).tables
    if not tables:
        return []
    names = [list(tables[0].names)] if tables[0].header else []
    return names + [row.cells for row in tables[0].records]


def published(folder: Path, dataset: str = "polluted_files") -> dict[str, tuple[float, float]]:
    """System → simple and weighted score (NaN where there is none), from the benchmark's own results."""
    results = folder / "results" / f"aggregate_results_{dataset}.csv"
    if not results.is_file():
        return {}
    with results.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["sut"]: (float(row["pollock_simple"]), float(row.get("pollock_weighted", "nan"))) for row in rows}


def check(folder: Path, weights: Mapping[str, float]) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
    """System, its scores as measured here and as published, for each system whose results are in the folder."""
    found = []
    for name, scores in published(folder).items():
        results = folder / "results" / name / "polluted_files" / "loading"
        if results.is_dir():
            measures = measure_all(folder, lambda file, at=results: read_rows(at / f"{file.name}_converted.csv"))  # type: ignore[misc]  # a default binds the loop's value
            found.append((name, totals(measures, weights), scores))
    return found


def by_class(
    measures: Mapping[str, Measures], weights: Mapping[str, float]
) -> list[tuple[str, int, float, float, float]]:
    """Class of pollution, files, mean score, and what it takes from the simple and from the weighted total."""
    members = defaultdict(list)
    for name in measures:
        members[pollution(name)].append(name)
    weight = sum(weights[name] for name in measures)
    return [
        (
            kind,
            len(names),
            fmean(measures[name].score for name in names),
            sum(10 - measures[name].score for name in names) / len(measures),
            sum((10 - measures[name].score) * weights[name] for name in names) / weight,
        )
        for kind, names in sorted(members.items())
    ]


def page(
    measures: Mapping[str, Measures],
    weights: Mapping[str, float],
    others: Mapping[str, tuple[float, float]],
    checked: Sequence[tuple[str, tuple[float, float], tuple[float, float]]] = (),
    sample: Mapping[str, Measures] | None = None,
    others_on_sample: Mapping[str, tuple[float, float]] | None = None,
) -> str:
    """The page of results; without `sample` or `checked`, without the parts on them."""
    best = sorted((others_on_sample or {}).items(), key=lambda each: -each[1][0])
    simple, weighted = totals(measures, weights)
    ranked = sorted({**others, OURS: (simple, weighted)}.items(), key=lambda each: -each[1][0])
    lines = [
        "# Detection on the Pollock benchmark",
        "",
        "Written by `python -m scripts.pollock FOLDER --check --write`. The benchmark has",
        f"{len(measures):,} files with one fault each; a loader scores 0 to 10, as a plain mean and",
        "weighted by how often a fault is seen in public files. Our reader is told nothing but the",
        "file; `duckdbparse` and most others are told the right parameters of each file,",
        "`duckdbauto` and `clevercs` detect by themselves.",
        "",
        "| system | simple | weighted |",
        "| --- | --- | --- |",
        *(f"| {name} | {scores[0]:.4f} | {scores[1]:.4f} |" for name, scores in ranked),
        "",
        "## By class of pollution",
        "",
        "| class | files | mean score | lost of simple | lost of weighted |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {kind} | {n} | {mean:.4f} | {a:.5f} | {b:.5f} |" for kind, n, mean, a, b in by_class(measures, weights)),
        "",
    ]
    if sample:
        lines += [
            "## On public files",
            "",
            "The benchmark's sample of public files, each with many faults or none. Ours was developed with",
            "them in view; the others' figures are the authors'. There a table without header is expected to",
            "get names of columns, which ours does not invent.",
            "",
            "| system | simple | files |",
            "| --- | --- | --- |",
            f"| {OURS} | {fmean(each.score for each in sample.values()):.4f} | {len(sample)} |",
            *(f"| {name} | {scores[0]:.4f} | 99 |" for name, scores in best),
            "",
        ]
    if checked:
        lines += [
            "## That the measure is theirs",
            "",
            "Results that the benchmark's authors ship, scored by `scripts/pollock_measures.py`,",
            "beside their own figures:",
            "",
            "| system | simple, here | published | weighted, here | published |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| {name} | {here[0]:.4f} | {there[0]:.4f} | {here[1]:.4f} | {there[1]:.4f} |"
                for name, here, there in checked
            ),
            "",
        ]
    return "\n".join(lines)


def main() -> int:
    """Print the page; 1 where a system does not come out as published."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="score the published results too")
    parser.add_argument("--write", action="store_true", help="write docs/benchmark-pollock.md")
    asked = parser.parse_args()
    weights = read_weights(asked.folder)
    checked = check(asked.folder, weights) if asked.check else []
    measures = measure_all(asked.folder, load)
    sample = measure_all(asked.folder, load, "survey_sample")
    text = page(measures, weights, published(asked.folder), checked, sample, published(asked.folder, "survey_sample"))
    print(text)
    if asked.write:
        PAGE.write_text(text)
    wrong = [
        name for name, here, there in checked if max(abs(a - b) for a, b in zip(here, there, strict=True)) > TOLERANCE
    ]
    if wrong:
        print(f"not as published: {', '.join(wrong)}", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
