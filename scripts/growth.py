"""How a study grows with its nights: python -m scripts.growth --nights 1000 --sites 3 --forms 5

Each night every site drops one file, and `alliance-etl run` takes them in; every tenth file corrects an earlier one.
What lies on the disk, and how long a night takes, is printed after 10, 30, 100, 300, 1,000 … nights, as
docs/operations.md has it. Nights are seconds apart: nothing is old enough to be forgotten unless --keep-runs says how
many stay.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from typer.testing import CliRunner

from alliance_etl.cli.app import app

STUDY = """\
study: growing
settle_seconds: 0
quality: {{enabled: false}}
sites:
{sites}"""
SITE = """\
  site{n}:
    exports:
      wai: {{files: "*.csv", instrument: wai_sr_client, participant: id, session: session, items: "w{{n}}"}}
"""
STEPS = (10, 30, 100, 300, 1000, 3000)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nights", type=int, default=1000)
    options.add_argument("--sites", type=int, default=3)
    options.add_argument("--forms", type=int, default=5, help="of one file")
    options.add_argument("--keep-runs", type=int, help="how many of Dagster's runs stay; all where left out")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="alliance-growth-") as made:
        grow(Path(made), asked)


def grow(folder: Path, asked: argparse.Namespace) -> None:
    sites = [f"site{n}" for n in range(asked.sites)]
    (folder / "study.yaml").write_text(STUDY.format(sites="".join(SITE.format(n=n) for n in range(asked.sites))))
    for site in sites:
        (folder / "drops" / site).mkdir(parents=True)
    print("| nights | drops | ledger | archive | forms and scores | Dagster's books | receipts | warehouse | a night |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    took: list[float] = []
    for night in range(1, asked.nights + 1):
        for site in sites:
            drop(folder / "drops" / site, night, asked.forms)
        began = time.perf_counter()
        done = CliRunner().invoke(app, ["run", "--study", str(folder)])
        took.append(time.perf_counter() - began)
        if done.exit_code:
            raise SystemExit(done.output)
        if asked.keep_runs:
            forget(folder, asked.keep_runs)
        if night in STEPS or night == asked.nights:
            print(row(folder, night, asked.sites, statistics.median(took[-10:])), flush=True)


def drop(folder: Path, night: int, forms: int) -> None:
    """A file of new forms; in every tenth night the forms of the night before with other answers."""
    of, answer = (night - 1, 2) if night % 10 == 0 else (night, 4)
    lines = [f"P{of}-{form},{1 + of % 20}," + ",".join(str(1 + (answer + item + form) % 5) for item in range(12))
             for form in range(forms)]  # fmt: skip
    header = "id,session," + ",".join(f"w{item}" for item in range(1, 13))
    (folder / f"night{night}.csv").write_text("\n".join([header, *lines, ""]))


def forget(folder: Path, runs: int) -> None:
    """What keep_runs_days does in years: the runs before the newest so many."""
    from assets.home import open_instance
    from assets.retention import forget_old_runs

    with open_instance(folder / ".state" / "dagster") as instance:
        made = [run.create_timestamp.timestamp() for run in instance.get_run_records(limit=runs + 1)]
        if len(made) > runs:
            forget_old_runs(instance, (time.time() - (made[-1] + made[-2]) / 2) / 86_400)


def row(folder: Path, night: int, sites: int, seconds: float) -> str:
    state = folder / ".state"
    dagster, archive = size(state / "dagster"), size(state / "archive")
    ledger = sum(path.stat().st_size for path in state.glob("ledger.sqlite*"))
    rest = size(state) - dagster - archive - ledger
    parts = (ledger, archive, rest, dagster, size(folder / "receipts"), size(folder / "warehouse"))
    told = " | ".join(f"{part / 1e6:,.1f} MB" for part in parts)
    return f"| {night:,} | {night * sites:,} | {told} | {seconds:.1f} s |"


def size(folder: Path) -> int:
    """Bytes on the disk, a file with several names counted once."""
    there = {stat.st_ino: stat.st_blocks * 512 for path in folder.rglob("*") if (stat := os.lstat(path))}
    return sum(there.values())


if __name__ == "__main__":
    main()
