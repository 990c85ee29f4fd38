"""A small study with much in it, night by night: corrections, copies, held and mended rows, an alert and its
confirmation, a whole history, a fetched source, a configuration that changes, and a rebuild.
"""

import gzip
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.assets.tiny_study import databases
from tests.crash import mortal_files
from tests.crash.mortals import Mortals
from tests.crash.verdict import TELLTALE, Seen, seen
from tests.scenario import EXPORT, Scenario, asked, site, table

DATED = {**EXPORT, "date": "day"}
DATED_HEADER = "client,session,day,q1,q2,q3"


@dataclass(frozen=True)
class Eve:
    """A study on the eve of a night: `folder` before it, `before` what is public (None: nothing yet), `order` how the
    night is run, `points` where it can be killed, and `after` what it makes of it if nobody disturbs it. `alone` are
    drops whose forms no other drop of the night speaks of.
    """

    name: str
    folder: Path
    before: Seen | None
    after: Seen
    order: dict[str, object]
    points: list[str]
    alone: tuple[str, ...]


def rows(*lines: str, header: str | None = None) -> str:
    """A file of these lines; who they speak of is easy to find again."""
    spelled = [f"{TELLTALE}-{line}" for line in lines]
    return table(*spelled, header=header) if header else table(*spelled)


def first_night(study: Scenario) -> None:
    study.drop("1.csv", rows("A,1,1,2,3", "B,1,1,2,x", "C,1,2,,4"), "berlin")
    study.drop("2.csv", rows("E,1,5,2,3", "E,2,4,4,4"), "berlin")
    study.drop("1.csv", rows("A,1,2026-02-05,3,2,3", "A,2,2026-01-12,1,2,3", header=DATED_HEADER), "ulm")
    study.drop("all.csv", rows("A,1,3,2,3", "B,1,4,4,4", "C,1,1,1,1"), "kiel")
    study.drop("1.csv", rows("A,1,3,2,3"), "bonn")


def second_night(study: Scenario) -> None:
    mended = next((study.folder / "receipts" / "berlin").glob("*/fixme.csv")).read_bytes().replace(b",x,", b",4,")
    study.drop("fixme mended.csv", mended, "berlin")
    study.drop("3.csv", rows("A,1,5,5,5", "D,1,1,2,9", "F,1,1,1,1", "G,1,ja,2,3"), "berlin")
    study.drop("copy of 1.csv", (study.folder / "drops" / "berlin" / "1.csv").read_bytes(), "berlin")
    packed = gzip.compress(rows("H,1,5,5,5", "E,1,2,2,2").encode(), mtime=0)
    study.drop("4.csv.gz", packed, "berlin")
    study.drop("letter.txt", "nothing that anybody reads", "ulm")
    ((alert,),) = asked(study.folder, "SELECT alert_id FROM alerts")
    study.drop("confirmations.csv", table(f"{alert},A. Data,checked", header="alert_id,confirmed_by,reason"), "ulm")
    study.drop("all.csv", rows("A,1,3,2,3", "B,1,4,4,1"), "kiel")
    study.drop("2.csv", rows("B,1,3,2,3", "C,1,1,2,0"), "bonn")


def third_night(study: Scenario) -> None:
    study.export("berlin", labels={"ja": 5})
    study.drop("5.csv", rows("I,1,1,2,3"), "berlin")
    study.drop("from berlin.csv", (study.folder / "drops" / "berlin" / "3.csv").read_bytes(), "kiel")
    study.drop("1.csv", rows("A,1,2026-02-05,3,2,3", "A,2,2026-03-12,1,2,4", header=DATED_HEADER), "ulm")


def a_rebuild(study: Scenario) -> None:
    study.drop("6.csv", rows("A,1,1,1,1", "I,1,1,2,3"), "berlin")


NIGHTS: dict[str, Callable[[Scenario], None]] = {
    "the first night": first_night,
    "corrections": second_night,
    "another configuration": third_night,
    "a rebuild": a_rebuild,
}

ALONE = {
    "the first night": ("berlin/1.csv", "berlin/2.csv", "ulm/1.csv", "kiel/all.csv"),
    "corrections": ("berlin/copy of 1.csv", "berlin/4.csv.gz", "ulm/letter.txt", "kiel/all.csv"),
    "another configuration": ("berlin/5.csv", "ulm/1.csv"),
    "a rebuild": ("berlin/6.csv",),
}


def eves(folder: Path, mortals: Mortals, road: str = "steps") -> list[Eve]:
    """The study's nights, one after the other, undisturbed."""
    mortal_files.register()
    folder.mkdir()
    study = _begun(folder / "undisturbed", road)
    found: list[Eve] = []
    for number, (name, prepare) in enumerate(NIGHTS.items()):
        prepare(study)
        _fetched_from(study, folder / f"source {number}")
        order: dict[str, object] = {"road": road, "rebuild": name == "a rebuild", "received": f"2030-01-0{number + 1}"}
        before = found[-1].after if found else None
        eve = mortals.copy(study.folder, folder / name)
        ending = mortals.night(study.folder, **order)
        assert ending.status == 0, ending.error
        found.append(Eve(name, eve, before, seen(study.folder), order, ending.points, ALONE[name]))
    return found


def _begun(folder: Path, road: str) -> Scenario:
    (folder / ".state").mkdir(parents=True, mode=0o700)
    (folder / ".state" / "key").write_text("the same for all")
    if road == "dagster":
        shutil.copytree(databases(), folder / ".state" / "dagster")
    exports = {"berlin": EXPORT, "ulm": DATED, "kiel": {**EXPORT, "snapshot": True}, "bonn": EXPORT}
    return Scenario(folder, {name: site(pocket=export) for name, export in exports.items()})


def _fetched_from(study: Scenario, source: Path) -> None:
    """Let bonn's files be fetched: what is dropped there lies at a source of its own."""
    shutil.copytree(study.folder / "drops" / "bonn", source)
    study.sites["bonn"]["drop"] = f"mortal://{source}"
    study.write()


def lay_out(eve: Eve, study: Path) -> None:
    """Put into a study what comes before a later night of it: its drops and its configuration."""
    shutil.copytree(eve.folder / "drops", study / "drops", dirs_exist_ok=True)
    shutil.copy2(eve.folder / "study.yaml", study / "study.yaml")


def owned_by(study: Path, user: int) -> None:
    """Make a study somebody else's, who is not above permissions."""
    for path in (study, *study.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)
