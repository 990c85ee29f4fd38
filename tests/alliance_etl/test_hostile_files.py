"""Files that are made to do harm: each is refused before it fills the memory, and told; nothing in it is executed."""

import csv
import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyreadstat
import pytest

from alliance_etl.errors import StudyFileError
from alliance_etl.instruments.registry import load_registry
from alliance_etl.reading import Limits, Unreadable, open_file
from alliance_etl.study.load import load_study
from tests.alliance_etl.format_files import DATED, xlsx
from tests.scenario import EXPORT, HEADER, Scenario, counted, table

WANTED = HEADER.split(",")
GOOD = table("A1,1,1,2,3")
FAR = "XFD1048576"


def workbook(**cells: object) -> bytes:
    """An .xlsx with the header, a form, and more cells by their place."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(WANTED)
    sheet.append(["A1", 1, 1, 2, 3])
    for place, value in cells.items():
        sheet[place] = value
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def with_sheet(change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with its sheet's XML changed."""
    source, target = zipfile.ZipFile(io.BytesIO(workbook())), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name in source.namelist():
            text = source.read(name)
            book.writestr(name, change(text) if name == "xl/worksheets/sheet1.xml" else text)
    return target.getvalue()


def row(xml: bytes) -> bytes:
    """The workbook with one more row."""
    return with_sheet(lambda text: text.replace(b"</sheetData>", xml + b"</sheetData>"))


def lying_about_its_size(megabytes: int) -> bytes:
    """A workbook with a part that unpacks to so much, while the archive says that it is a kilobyte."""
    target = io.BytesIO(workbook())
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/image1.bin", bytes(megabytes << 20))
    size = struct.pack("<I", megabytes << 20)
    return target.getvalue().replace(size, struct.pack("<I", 1000))


def ods(rows: int, columns: int) -> bytes:
    """An .ods with one number in so many rows and columns, said by two attributes."""
    names = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>' for name in WANTED
    )
    number = f'<table:table-cell table:number-columns-repeated="{columns}" office:value-type="float" office:value="1"/>'
    body = (
        f'<table:table table:name="S"><table:table-row>{names}</table:table-row>'
        f'<table:table-row table:number-rows-repeated="{rows}">{number}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("content.xml", f"<office:document-content {spaces}><office:body><office:spreadsheet>{body}"
                      "</office:spreadsheet></office:body></office:document-content>")  # fmt: skip
        book.writestr("META-INF/manifest.xml", "<manifest/>")
    return target.getvalue()


def compressed_statistics(folder: Path, rows: int) -> bytes:
    import pandas as pd

    path = folder / "made.zsav"
    pyreadstat.write_sav(pd.DataFrame({name: [1.0] * rows for name in WANTED}), path, compress=True)
    return path.read_bytes()


REFUSED = {
    "a cell in the last row and column": ("xlsx", workbook(XFD1048576=1), {"columns": 20_000}, "limits.cells"),
    "a cell in the last column": ("xlsx", workbook(XFD1=1), {}, "limits.columns"),
    "a cell in the last row": ("xlsx", workbook(A1048576=1), {"cells": 5_000_000}, "limits.cells"),
    "the place in other quotes": (
        "xlsx", row(b"<row r='9'><c  r = 'ZZ1048576'><v>1</v></c></row>"), {}, "limits.cells",
    ),
    "an attribute before it": ("xlsx", row(b'<x:c t="n" s=">" r="ZZ1048576"><x:v>1</x:v></x:c>'), {}, "limits.cells"),
    "a far row of cells without a place": (
        "xlsx", row(b'<row r="1048576"><c><v>1</v></c></row>'), {"cells": 5_000_000}, "limits.cells",
    ),
    "a part larger than it says": ("xlsx", lying_about_its_size(100), {}, "limits.unpacked_times"),
    "a part larger than a workbook": ("xlsx", lying_about_its_size(3), {"whole_mib": 2}, "limits.whole_mib"),
    "a cell repeated": ("ods", ods(1, 16_000), {}, "limits.columns"),
    "a row repeated": ("ods", ods(1_048_000, 1000), {}, "limits.cells"),
    "a line without an end": ("csv", GOOD + "x" * (3 << 20), {"line_mib": 2}, "limits.line_mib"),
    "a line without an end, in UTF-16": ("csv", (GOOD + "x" * (3 << 20)).encode("utf-16"), {"line_mib": 2},
                                         "limits.line_mib"),
    "a header without an end": ("csv", HEADER + ",x" * (2 << 20), {"line_mib": 2}, "limits.line_mib"),
    "too many columns": ("csv", HEADER + ",x" * 10_000 + "\n", {}, "limits.columns"),
    "a large file": ("csv", GOOD + "A2,1,1,2,3\n" * 200_000, {"file_mib": 2}, "limits.file_mib"),
    "a large document": ("json", '{"resourceType": "Bundle", "entry": [' + " " * (3 << 20) + "]}", {"whole_mib": 2},
                         "limits.whole_mib"),
    "a resource without an end": ("ndjson", '{"resourceType": "QuestionnaireResponse"}\n{"a": "' + "x" * (3 << 20),
                                  {"line_mib": 2}, "limits.line_mib"),
    "a bomb": ("csv.gz", zlib.compress(bytes(100 << 20), wbits=31), {}, "limits.unpacked_times"),
    "a large file, packed": ("csv.gz", zlib.compress(bytes(3 << 20), wbits=31), {"file_mib": 2}, "limits.file_mib"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_is_too_large_is_rejected_by_the_limit_that_it_names(case: str, tmp_path: Path) -> None:
    suffix, content, limits, setting = REFUSED[case]
    study = Scenario(tmp_path, more={"limits": limits})
    study.export(files="*")

    drop = study.received(f"answers.{suffix}", content)

    (finding,) = study.findings(drop)
    assert (drop.status, finding["code"]) == ("rejected", "too_large")
    assert f"`{setting}`" in finding["expected"]


def test_a_limit_that_is_raised_takes_the_file_in_by_itself(tmp_path: Path) -> None:
    study = Scenario(tmp_path, more={"limits": {"columns": 9}})
    study.drop("pocket.csv", table("A1,1,1,2,3" + "," * 5, header=HEADER + ",a,b,c,d,e"))
    assert study.take_in().drop.status == "rejected"

    study.more["limits"] = {"columns": 10}
    study.write()

    assert counted(study.take_in().drop) == {"rows_read": 1, "new": 1}


def test_a_statistics_file_is_asked_for_its_size_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "answers.sav"
    path.write_bytes(compressed_statistics(tmp_path, 100_000))

    with pytest.raises(Unreadable) as refused:
        open_file(path, path.name, WANTED, limits=Limits(cells=400_000))

    assert refused.value.facts["found"] == "its 100,000 rows of 5 columns are 500,000 cells"
    assert len(open_file(path, path.name, WANTED, limits=Limits(cells=500_000)).header) == 5


def test_formatted_cells_without_a_value_do_not_make_a_sheet_large(tmp_path: Path) -> None:
    path = tmp_path / "answers.xlsx"
    path.write_bytes(row(b'<row r="1048576"><c r="XFD1048576" s="0"/></row>'))

    assert open_file(path, path.name, WANTED, limits=Limits()).header == tuple(WANTED)


def test_a_sheet_with_an_error_is_not_gone_through_to_the_size_that_it_claims(tmp_path: Path) -> None:
    def claims(text: bytes) -> bytes:
        far = text.replace(b'<dimension ref="A1:E2"', b'<dimension ref="A1:XFD1048576"')
        assert far != text
        return far.replace(b"</sheetData>", b'<row r="3"><c r="C3" t="e"><v>#REF!</v></c></row></sheetData>')

    study = Scenario(tmp_path)
    study.export(files="*")
    drop = study.received("answers.xlsx", with_sheet(claims))

    assert counted(drop) == {"rows_read": 2, "new": 1, "held": 1}


def test_one_line_of_many_megabytes_holds_its_row_alone(tmp_path: Path) -> None:
    """It kept the night for ever, once it had more than four."""
    study = Scenario(tmp_path)

    drop = study.received("pocket.csv", table("A1,1,1,2,3", "x" * (6 << 20), "B2,1,1,2,3"))

    assert counted(drop) == {"rows_read": 3, "new": 2, "held": 1}


def test_an_id_without_an_end_is_held(tmp_path: Path) -> None:
    study = Scenario(tmp_path, more={"limits": {"id_characters": 200}})

    drop = study.received("pocket.csv", table("A1,1,1,2,3", "A" * 201 + ",1,1,2,3", "A" * 200 + ",1,1,2,3"))

    (finding,) = study.findings(drop)
    assert (finding["code"], finding["line"], finding["value"]) == ("id_too_long", "3", "")
    assert counted(drop) == {"rows_read": 3, "new": 2, "held": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study: " + "[" * 100_000, "within one another"),
        ("study: " + "{a: " * 100 + "1" + "}" * 100, "within one another"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
            ),
            "more than 1,000,000 values",
        ),
        (
            "a: &a {x: 1}\n"
            + "".join(
                f"{new}: &{new} {{<<: [{','.join([f'*{old}'] * 9)}]}}\n"
                for old, new in zip("abcdefg", "bcdefgh", strict=True)
            ),
            "more than 1,000,000 values",
        ),
        ("study: " + "x" * (17 << 20), "16 MiB"),
    ],
    ids=["deep lists", "deep keys", "aliases of aliases", "merged aliases", "large"],
)
def test_a_file_of_settings_is_bounded_before_it_is_taken_apart(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    own = tmp_path / "instruments" / "own.yaml"
    own.parent.mkdir()
    own.write_text(text, encoding="utf-8")

    with pytest.raises(StudyFileError, match=words):
        load_study(tmp_path)
    with pytest.raises(Exception, match=words):
        load_registry(own.parent)


def test_a_study_may_use_anchors_as_people_do(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    sites = "".join(f"  s{n}: {{exports: {{wai: *wai}}}}\n" for n in range(50))
    anchor = "x: &wai {files: '*.csv', instrument: pocket, participant: client, session: session, items: 'q{n}'}\n"
    (tmp_path / "study.yaml").write_text(f"study: s\nsites:\n{sites}".replace("*wai", anchor[3:].strip(), 1))

    assert len(load_study(study.folder).sites) == 50


EVIL = "!!python/object/apply:os.system [touch executed]"


@pytest.mark.parametrize("name", ["study.yaml", "instruments/own.yaml"])
def test_nothing_in_a_file_of_settings_is_executed(name: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    (tmp_path / name).write_text(f"study: {EVIL}\nid: {EVIL}\nname: {EVIL}\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "alliance_etl.cli", "run", "--study", str(study.folder)],
        check=False, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 2, done.stderr
    assert not list(tmp_path.rglob("executed"))


NAMES = {
    "sql": "x'); DROP TABLE forms; --",
    "html": "<script>alert(1)</script>",
    "formula": "=HYPERLINK(\"http://127.0.0.1/\"&A1)",
    "template": "{{ cycler.__init__.__globals__.os.popen('touch executed').read() }}{% raise %}",
    "path": "x/../..\\..\\evil",
    "terminal": "\x1b]0;evil\x07\x1b[2J",
}  # fmt: skip


@pytest.mark.parametrize("kind", list(NAMES))
def test_names_and_answers_that_are_code_stay_text(kind: str, tmp_path: Path) -> None:
    evil = NAMES[kind]
    study = Scenario(tmp_path)
    study.export(files="*")
    quoted = '"' + evil.replace('"', '""') + '"'
    file = evil.replace("/", "_") + ".csv"
    study.drop(file, table(f"{quoted},1,1,2,3", f"B2,1,{quoted},2,3", f"C3,{quoted},1,2,3", header=HEADER))

    study.night()

    receipts = [path for path in (tmp_path / "receipts").rglob("*") if path.is_file()]
    page = next(path for path in receipts if path.suffix == ".html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    with next(path for path in receipts if path.name == "findings.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert not [cell for line in csv.reader(lines) for cell in line if cell.startswith(("=", "+", "@"))]
    assert study.rows("SELECT count(*) FROM forms") == [(1,)]
    assert not list(tmp_path.rglob("executed"))
    assert {path.parent for path in tmp_path.rglob("*evil*")} <= {tmp_path / "drops" / "berlin"}


def test_an_xml_bomb_in_a_workbook_stands_for_nothing(tmp_path: Path) -> None:
    entities = "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    bomb = f'<!DOCTYPE x [<!ENTITY a "ha">{entities}]>'.encode()
    path = tmp_path / "answers.xlsx"
    path.write_bytes(
        with_sheet(
            lambda text: (
                bomb + text.replace(b"</sheetData>", b'<row r="3"><c r="A3" t="str"><v>&j;</v></c></row></sheetData>')
            )
        )
    )

    with pytest.raises(Unreadable, match="not_text"):
        open_file(path, path.name, WANTED, limits=Limits())


def test_usual_workbooks_are_within_the_limits(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(**{key: value for key, value in DATED.items() if value != EXPORT.get(key)})

    assert study.received("answers.xlsx", xlsx()).status == "accepted"


def test_the_process_survives_what_ended_it(tmp_path: Path) -> None:
    """One cell at XFD1048576 aborted the process, since its reader allocates the rectangle."""
    path = tmp_path / "answers.xlsx"
    path.write_bytes(workbook(XFD1048576=1))
    code = (
        "import sys; from pathlib import Path; from alliance_etl.reading import Limits, Unreadable, open_file\n"
        "try: open_file(Path(sys.argv[1]), 'answers.xlsx', ['client'], limits=Limits(columns=20000))\n"
        "except Unreadable as refused: print(refused.code)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip

    assert done.stdout == "too_large\n"
