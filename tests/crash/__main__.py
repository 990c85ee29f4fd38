"""`make crash`: hundreds of nights in trouble, drawn from a seed, and a table of what came of them.

python -m tests.crash --crashes 300 --seed 7           all of them
python -m tests.crash --seed 7 --only 42               the 42nd once more; its study is kept, to be looked at
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.crash.mortals import mortals
from tests.crash.several_nights import Eve, eves
from tests.crash.troubles import FAILURES, KILLS, befall
from tests.crash.under_the_daemon import killed_under_the_daemon

# One of so many troubles is the daemon's, which takes half a minute.
DAEMON_EVERY = 75


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="alliance-crash-", dir=options.folder))
    folder.chmod(0o755)  # nobody's night has to get there
    print(f"seed {options.seed}, {options.crashes} troubles; studies in {folder}", flush=True)
    done: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    begun = time.monotonic()
    with mortals(folder, "dagster") as process:
        roads: dict[str, list[Eve]] = {road: eves(folder / road, process, road) for road in ("steps", "dagster")}
        for number in [options.only] if options.only is not None else range(options.crashes):
            chance = random.Random(f"{options.seed} {number}")
            road = "dagster" if chance.random() < 0.25 else "steps"
            if number % DAEMON_EVERY == DAEMON_EVERY - 1:
                faults = killed_under_the_daemon(chance, process)
                done["killed under the daemon"] += 1
                failed["killed under the daemon"] += bool(faults)
                print("\n".join(f"{number}: under the daemon: {fault}" for fault in faults), flush=True)
                continue
            # by turns, so that even few crashes have some of each
            kinds = KILLS if number % 2 == 0 else FAILURES
            trouble = kinds[number // 2 % len(kinds)]
            case = befall(trouble, chance, process, roads[road])
            name = f"{trouble.__name__.replace('_', ' ')} ({road})"
            done[name] += 1
            if case.faults:
                failed[name] += 1
                print(f"\n{number}: {name}, {case.eve.name}, {case.told}; see {case.study}", flush=True)
                print("\n".join(f"    {fault}" for fault in case.faults), flush=True)
    print(f"\n{'trouble':45} {'times':>6} {'faults':>6}")
    for name in sorted(done):
        print(f"{name:45} {done[name]:6} {failed[name]:6}")
    print(f"{'':45} {done.total():6} {failed.total():6}   in {time.monotonic() - begun:.0f} s")
    if not failed.total():
        shutil.rmtree(folder)
    return 1 if failed.total() else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--crashes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", type=int, help="the number of one trouble")
    parser.add_argument("--folder", type=Path, help="where the studies are put; default: the system's temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
