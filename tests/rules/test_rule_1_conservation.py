"""Rule 1: every line of a file is new, changed, unchanged, held or skipped, per drop and per export."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_etl.night.reports import Counts, DropReport
from tests.scenario import EXPORT, Scenario, counted, site, table

COUNTS = ("new", "changed", "unchanged", "held", "skipped")
SLICES = {"clients": slice(2, 5), "therapists": slice(5, 8)}
Key = tuple[str, str]


def conserved(counts: Counts) -> bool:
    return counts.rows_read == sum(getattr(counts, name) for name in COUNTS)


@dataclass
class Ledger:
    """The obvious model: what a site's forms are, and what becomes of each line of its next file."""

    forms: dict[Key, tuple[str, ...]] = field(default_factory=dict)

    def take(self, forms: Mapping[Key, tuple[tuple[str, ...], int]]) -> Counter[str]:
        """Good forms of one file, each with its answers and its number of lines."""
        counts: Counter[str] = Counter()
        for key, (answers, lines) in forms.items():
            before = self.forms.get(key)
            counts["new" if before is None else "unchanged" if before == answers else "changed"] += lines
            self.forms[key] = answers
        return counts


ANSWER = st.sampled_from("12345")
CELL = st.one_of(ANSWER, st.sampled_from(["", "6", "2.5", "x", "-99"]))
CLIENT = st.sampled_from(["A", "B", ""])
WIDE_ROW = st.tuples(CLIENT, st.sampled_from(["1", "2", "first"]), *[st.one_of(ANSWER, CELL)] * 6)
WIDE_LINE = st.one_of(
    WIDE_ROW.map(",".join),
    WIDE_ROW.map(",".join),
    st.sampled_from(["", " , , ", "A,1", "A,1,1,2,3,4,5,1,2", ",,,,,,,", '"A","1",1,"2",3,1,2,3']),
)
# what a line with an answer that cannot be stands for: it differs from every good line of its form
HELD = ("held",)


def wide_due(line: str, seen: dict[Key, list[tuple[str, ...]]], of: slice) -> str | None:
    """Where a line of a wide file goes, or None where that depends on the other lines of its form."""
    cells = [cell.strip().strip('"') for cell in line.split(",")]
    if not any(cells):
        return "skipped"
    if len(cells) != 8 or not cells[0] or not cells[1].isdigit():
        return "held"
    answers = tuple(cells[of])
    is_good = all(answer in ("", *"12345") for answer in answers)
    seen[cells[0], cells[1]].append(answers if is_good else HELD)
    return None


def wide_counts(lines: Iterable[str], ledger: Ledger, of: slice) -> Counter[str]:
    seen: dict[Key, list[tuple[str, ...]]] = defaultdict(list)
    counts = Counter(due for line in lines if (due := wide_due(line, seen, of)))
    good = {}
    for key, versions in seen.items():
        if len(set(versions)) > 1 or HELD in versions:
            counts["held"] += len(versions)
        else:
            good[key] = (versions[0], 1)
            counts["unchanged"] += len(versions) - 1
    return counts + ledger.take(good)


LONG_LINE = st.one_of(
    st.tuples(CLIENT, st.sampled_from("12"), st.sampled_from(["q1", "q2", "q3", "q3", "q9"]), CELL).map(",".join),
    st.sampled_from(["", ",,,", "A,1,q1", "A,1,q1,1,2"]),
)


def long_counts(lines: Iterable[str], ledger: Ledger) -> Counter[str]:
    counts: Counter[str] = Counter()
    forms: dict[Key, list[tuple[str, str]]] = defaultdict(list)
    for line in lines:
        cells = line.split(",")
        if not any(cells):
            counts["skipped"] += 1
        elif len(cells) != 4 or not cells[0]:
            counts["held"] += 1
        else:
            forms[cells[0], cells[1]].append((cells[2], cells[3]))
    good = {}
    for key, answers in forms.items():
        by_item = dict(answers)
        bad = any(item == "q9" or value not in ("", *"12345") for item, value in answers)
        if bad or len(set(answers)) > len(by_item):
            counts["held"] += len(answers)
        else:
            good[key] = (tuple(by_item.get(f"q{n}", "") for n in (1, 2, 3)), len(by_item))
            counts["unchanged"] += len(answers) - len(by_item)
    return counts + ledger.take(good)


def assert_due(report: Counts, due: Counter[str]) -> None:
    assert conserved(report)
    assert {name: getattr(report, name) for name in COUNTS} == {name: due[name] for name in COUNTS}


@settings(max_examples=25)
@given(files=st.lists(st.lists(WIDE_LINE, max_size=7), min_size=1, max_size=2))
def test_every_line_of_wide_files_read_by_two_exports_is_accounted_for(files: list[list[str]]) -> None:
    therapists = {**EXPORT, "items": "t{n}", "rater_role": "therapist"}
    with tempfile.TemporaryDirectory() as folder:
        study = Scenario(Path(folder), {"berlin": site(clients=EXPORT, therapists=therapists)})
        ledgers = {"clients": Ledger(), "therapists": Ledger()}
        for number, lines in enumerate(files):
            # a blank line more, since a file that has come before is not read again
            content = table(*lines, header="client,session,q1,q2,q3,t1,t2,t3") + "\n" * number
            drop = study.received(f"file{number}.csv", content)
            due = {name: wide_counts(lines, ledgers[name], of) for name, of in SLICES.items()}
            for name, counts in due.items():
                assert_due(drop.exports[name], counts + Counter(skipped=number))
            assert drop.counts == sum(drop.exports.values(), Counts())


@settings(max_examples=25)
@given(files=st.lists(st.lists(LONG_LINE, max_size=9), min_size=1, max_size=2))
def test_every_line_of_long_files_is_accounted_for(files: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        study = Scenario(Path(folder))
        study.export(layout={"item": "item", "value": "value"}, items="q{n}")
        ledger = Ledger()
        for number, lines in enumerate(files):
            content = table(*lines, header="client,session,item,value") + "\n" * number
            drop = study.received(f"file{number}.csv", content)
            assert_due(drop.counts, long_counts(lines, ledger) + Counter(skipped=number))


def test_the_receipt_and_the_published_drops_tell_the_same_counts(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("a.csv", table("A,1,1,2,3", "", "A,2,9,2,3", "A,1,1,2,3", "B,1"))

    drop = study.night().drop

    receipt = study.receipt(drop)
    names = ", ".join(counted(drop))
    assert counted(drop) == {"rows_read": 5, "new": 1, "unchanged": 1, "held": 2, "skipped": 1}
    assert {name: receipt[name] for name in counted(drop)} == counted(drop)
    assert receipt["exports"]["pocket"] == {**counted(drop), "changed": 0}
    assert study.rows(f"SELECT {names} FROM drops") == [tuple(counted(drop).values())]


def test_an_export_that_cannot_read_a_file_holds_all_rows_that_another_export_takes(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(mine=EXPORT, other={**EXPORT, "items": "z{n}"})})

    drop = study.received("a.csv", table("A,1,1,2,3", "B,1,1,2,3"))

    assert drop.status == "accepted_with_findings"
    assert (drop.exports["mine"].new, drop.exports["other"].held) == (2, 2)
    assert counted(drop) == {"rows_read": 4, "new": 2, "held": 2}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_lines_are_counted_whatever_ends_them(tmp_path: Path, ending: str) -> None:
    drop: DropReport = Scenario(tmp_path).received("a.csv", table("A,1,1,2,3", "", "B,1,1,2").replace("\n", ending))

    assert counted(drop) == {"rows_read": 3, "new": 1, "held": 1, "skipped": 1}


def test_a_cell_with_a_line_break_is_part_of_one_row(tmp_path: Path) -> None:
    content = table('A,1,1,2,3,"first\nsecond"', "B,1,1,2,3,x", header="client,session,q1,q2,q3,remark")

    drop = Scenario(tmp_path).received("a.csv", content)

    assert counted(drop) == {"rows_read": 2, "new": 2}


def test_rows_that_skip_rows_names_are_skipped_and_no_others(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(skip_rows={"status": ["Survey Preview", ""]})
    rows = ("A,1,1,2,3,IP Address", "B,1,1,2,3,Survey Preview", "C,1,9,9,9,", "D,1,1,2,3,survey preview")

    drop = study.received("a.csv", table(*rows, header="client,session,q1,q2,q3,status"))

    assert counted(drop) == {"rows_read": 4, "new": 2, "skipped": 2}
