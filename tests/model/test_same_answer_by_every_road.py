"""Stateful: whatever files come in whatever order and grouping, whatever settings change in between, however often the
night runs, is rebuilt or loses what is derived, every table is what the obvious model works out.

A longer run, with examples of its own: `make model EXAMPLES=200 SEED=3`.
"""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model.compared import assert_equal, exports_of
from tests.model.obvious import Drop, Row, published
from tests.model.study import drop_of, exports, rewrite, scenario

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "12"))
STEPS = int(os.environ.get("MODEL_STEPS", "12"))

PEOPLE = st.sampled_from(["A", "A", "B", " B ", "Ü"])
SESSIONS = st.sampled_from(["1", "1", "2"])
DAYS = st.sampled_from(["2026-01-05", "2026-01-05", "2026-02-01", ""])
THERAPISTS = st.sampled_from(["T1", "T1", "T2", ""])
WHOLE = st.sampled_from(["1", "2", "3", "4", "4", "4", "2", " 4 ", "3.0", "1", "", "5", "-99", "often", "0"])
LINES = st.sampled_from(["0", "10", "2.5", "7.1", "2.5", "7.1", "", "-99", "0.05"])
# what makes a row one that has to be held, at one of its places
FAULTS = st.sampled_from(["no person", "no stamp", "bad session", "bad day", "77", "2,5", "n/a", "3.5"])
WHO, SESSION, DAY, BY, FIRST = 0, 1, 2, 3, 4
HEADERS = {
    "p": ("who", "session", "day", "by", "q1", "q2", "q3", "status"),
    "d": ("who", "session", "day", "by", "w1", "w2", "w3", "w4", "status"),
    "both": ("who", "session", "day", "by", "q1", "q2", "q3", "w1", "w2", "w3", "w4", "status"),
}


@st.composite
def rows_of(draw: st.DrawFn, kind: str) -> list[Row]:
    """Up to six rows that often speak of the same form, some with a fault, some blank, some to be skipped."""
    header = HEADERS[kind]
    found = []
    for _ in range(draw(st.integers(1, 5))):
        answers = [draw(WHOLE if name.startswith("q") else LINES) for name in header[FIRST:-1]]
        status = draw(st.sampled_from(["", "", "", "test"]))
        cells = [draw(PEOPLE), draw(SESSIONS), draw(DAYS), draw(THERAPISTS), *answers, status]
        if draw(st.integers(0, 7)) == 0:
            _spoil(cells, draw(FAULTS), draw(st.integers(FIRST, len(header) - 2)))
        if draw(st.integers(0, 9)) == 0:
            cells = [""] * len(header)
        found.append(tuple(cells))
        if draw(st.integers(0, 3)) == 0:  # the same form once more, with the same answers, perhaps by somebody else
            found.append((*cells[:BY], draw(THERAPISTS), *cells[FIRST:]))
    return found


def _spoil(cells: list[str], fault: str, place: int) -> None:
    if fault == "no person":
        cells[WHO] = ""
    elif fault == "no stamp":
        cells[SESSION] = cells[DAY] = ""
    elif fault == "bad session":
        cells[SESSION] = "first"
    elif fault == "bad day":
        cells[DAY] = "2026-13-40"
    else:
        cells[place] = fault


class Roads(RuleBasedStateMachine):
    """A study, its folder, and what the model knows of it: drops that were taken in, files that wait, settings."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-etl-model-"))
        self.sites, self.min_answered = exports(), 1.0
        self.study = scenario(self.folder, self.sites, self.min_answered)
        self.taken_in: list[Drop] = []
        self.waiting: dict[tuple[str, str], Drop] = {}
        self.lying: dict[tuple[str, str], bytes] = {}
        self.stale = True  # nothing is published yet

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(data=st.data(), kind=st.sampled_from(["p", "p", "d", "both"]), number=st.integers(1, 4))
    def drop_at_berlin(self, data: st.DataObject, kind: str, number: int) -> None:
        """A file, mostly with a night after it; under a name that is there already it takes that file's place."""
        drop = drop_of("berlin", f"{kind}{number}.csv", HEADERS[kind], data.draw(rows_of(kind)))
        self._drop(drop, then_a_night=data.draw(st.integers(0, 2)) > 0)

    @rule(data=st.data(), number=st.integers(1, 2))
    def drop_at_oslo(self, data: st.DataObject, number: int) -> None:
        self._drop(drop_of("oslo", f"p{number}.csv", HEADERS["p"], data.draw(rows_of("p"))), then_a_night=False)

    @rule(site=st.sampled_from(["berlin", "oslo"]))
    def drop_what_nobody_reads(self, site: str) -> None:
        self._drop(drop_of(site, "x.csv", ("a", "b"), [("1", "2")]), then_a_night=False)

    @rule(data=st.data())
    def drop_without_a_column(self, data: st.DataObject) -> None:
        rows = data.draw(rows_of("p"))
        self._drop(drop_of("berlin", "p9.csv", HEADERS["p"][:-2] + HEADERS["p"][-1:], [r[:-2] + r[-1:] for r in rows]))

    @precondition(lambda self: self.taken_in)
    @rule(data=st.data(), name=st.sampled_from(["copy", "same"]))
    def send_again(self, data: st.DataObject, name: str) -> None:
        """The same bytes once more, under another name or its own: mostly of the file that came last."""
        old = data.draw(st.sampled_from([*self.taken_in, *self.taken_in[-3:] * 3]))
        file = old.file if name == "same" else f"{old.file.removesuffix('.csv')}-again.csv"
        self._drop(Drop(old.site, file, old.header, old.rows, old.content))

    @precondition(lambda self: any(self._replaced(drop) for drop in self.taken_in))
    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        """What was replaced under its name comes again under that name: the site says that the old one is right."""
        old = data.draw(st.sampled_from([drop for drop in self.taken_in if self._replaced(drop)]))
        self._drop(old)

    def _replaced(self, drop: Drop) -> bool:
        return self.lying.get((drop.site, drop.file)) != drop.content

    def _drop(self, drop: Drop, *, then_a_night: bool = True) -> None:
        self.study.drop(drop.file, drop.content, drop.site)
        self.waiting.pop((drop.site, drop.file), None)
        self.waiting[drop.site, drop.file] = drop  # the last to have landed is the last to be read
        self.stale = True
        if then_a_night:
            self.night()

    @rule(data=st.data(), what=st.sampled_from(["missing", "labels", "response", "turned", "skip", "min_answered"]))
    def change_settings(self, data: st.DataObject, what: str) -> None:
        _, export = data.draw(st.sampled_from(exports_of(self.sites)))
        if what == "missing":
            export.missing = {} if export.missing else {"-99": "refused"}
        elif what == "labels" and export.instrument.whole:
            export.labels = {} if export.labels else {"often": 4}
        elif what == "response" and export.instrument.whole:
            export.response = None if export.response else (0, 4)
        elif what == "turned":
            export.turned_at_source = frozenset() if export.turned_at_source else frozenset({1, 3})
        elif what == "skip":
            export.skip = {} if export.skip else {"status": "test"}
        else:
            self.min_answered = 0.5 if self.min_answered == 1.0 else 1.0
        rewrite(self.study, self.sites, self.min_answered)
        self.stale = True
        self.night()

    @rule()
    def night(self) -> None:
        self._take_in()
        self.study.night()

    @rule()
    def rebuild(self) -> None:
        """`run --rebuild`."""
        self._take_in()
        self.study.night(rebuild=True)

    @precondition(lambda self: not self.stale)
    @rule(what=st.sampled_from(["warehouse", ".state/scored", ".state/fitness"]))
    def lose_what_is_derived(self, what: str) -> None:
        shutil.rmtree(self.folder / what)
        self.study.night()

    def _take_in(self) -> None:
        for (site, file), drop in self.waiting.items():
            if self.lying.get((site, file)) != drop.content:  # what lies there as it did is no news
                self.taken_in.append(drop)
            self.lying[site, file] = drop.content
        self.waiting.clear()
        self.stale = False

    @invariant()
    def every_table_is_what_the_model_works_out(self) -> None:
        database = self.folder / "warehouse" / "alliance.duckdb" if hasattr(self, "folder") else None
        if database is None or self.stale or not database.exists():
            return
        key = (self.folder / ".state" / "key").read_bytes()
        assert_equal(self.study, published(self.sites, self.taken_in), key, self.min_answered)


TestSameAnswerByEveryRoad = Roads.TestCase
TestSameAnswerByEveryRoad.settings = settings(
    settings.get_profile("house"),
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize="MODEL_SEED" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink) if "MODEL_SEED" in os.environ else (Phase.generate,),
    database=None,
)
