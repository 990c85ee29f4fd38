"""Files of every format but plain text under stress, for as long as asked: real-looking ones, spoiled by chance.

    python scripts/fuzz_formats.py --seconds 60

Each is refused in words or read with every row under a line of its own; at anything else it ends with status 1.
"""

import argparse
import io
import json
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import xlwt

sys.path.insert(0, str(Path(__file__).parents[1]))
from alliance_etl.reading import OpenedFile, Unreadable, open_file

HEADER = ("subject", "authored", "q1", "q2", "q3")
JUNK = (
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\n",
    b"\0",
    b"null",
    b"1e999",
    b"9" * 5000,
    b"\\ud800",
    b"\xff",
)


def answers(chance: random.Random) -> list[list[object]]:
    given = (1, 2, 3.5, "4", None, "#N/A", 'o\'k; "x"')
    return [
        [f"K{number}", f"2026-02-{chance.randrange(1, 29):02}", *(chance.choice(given) for _ in range(3))]
        for number in range(chance.randrange(1, 20))
    ]


def response(row: list[object]) -> dict[str, object]:
    kinds = {int: "valueInteger", float: "valueDecimal", str: "valueString"}
    items = [
        {"linkId": f"q{number}", **({"answer": [{kinds[type(value)]: value}]} if value is not None else {})}
        for number, value in enumerate(row[2:], 1)
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": {"reference": f"Patient/{row[0]}"},
        "authored": row[1],
        "item": [{"linkId": "all", "item": items}],
    }


def ndjson(chance: random.Random) -> bytes:
    return b"".join(json.dumps(response(row)).encode() + b"\n" for row in answers(chance))


def bundle(chance: random.Random) -> bytes:
    entries = [{"resource": response(row)} for row in answers(chance)]
    document = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(document, indent=chance.choice((None, 1))).encode()


def xlsx(chance: random.Random) -> bytes:
    book, target = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("answers")
    for row in (HEADER, *answers(chance)):
        sheet.append(row)
    book.save(target)
    return target.getvalue()


def xls(chance: random.Random) -> bytes:
    book, target = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("answers")
    for at, row in enumerate((HEADER, *answers(chance))):
        for column, cell in enumerate(row):
            if cell == "#N/A":
                sheet.row(at).set_cell_error(column, 0x2A)
            elif cell is not None:
                sheet.write(at, column, cell)
    book.save(target)
    return target.getvalue()


def ods(chance: random.Random) -> bytes:
    target = io.BytesIO()
    pd.DataFrame(answers(chance), columns=list(HEADER)).to_excel(target, engine="odf", index=False)
    return target.getvalue()


def statistics(write: Callable[..., None], suffix: str, chance: random.Random) -> bytes:
    frame = pd.DataFrame([row[:2] for row in answers(chance)], columns=list(HEADER[:2]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        every_other = frame.index % 2 == 0
        write(frame.assign(q1=2.0, q2=frame.index % 5 + 1.0, q3=4.0 - every_other / 2), str(path))
        return path.read_bytes()


FORMATS: dict[str, Callable[[random.Random], bytes]] = {
    "ndjson": ndjson,
    "json": bundle,
    "xlsx": xlsx,
    "xls": xls,
    "ods": ods,
    "sav": partial(statistics, pyreadstat.write_sav, "sav"),
    "dta": partial(statistics, pyreadstat.write_dta, "dta"),
}


def spoiled(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randrange(4)):
        at, size = chance.randrange(len(content) + 1), chance.randrange(1, 60)
        piece, rest = content[at : at + size], content[at + size :]
        slips = (
            content[:at] + chance.choice(JUNK) + content[at:],
            content[:at] + rest,
            content[:at] + piece * 2 + rest,
            content[:at] + bytes(byte ^ 0x55 for byte in piece) + rest,
            content[: at + 1],
        )
        content = chance.choice(slips)
    return content


def fault(opened: OpenedFile) -> str | None:
    """What is wrong with the rows of a file, in words."""
    lines: list[int] = []
    for block in opened.blocks():
        lines += sorted(line for part in (block.frame, block.broken, block.blank) for line in part["line"].to_list())
    return None if lines == sorted(set(lines)) else f"lines {lines}"


def fuzz(seconds: float, seed: int) -> int:
    chance, until = random.Random(seed), time.monotonic() + seconds  # noqa: S311 - no secret
    files = refused = 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < until:
            name = chance.choice(list(FORMATS))
            path = Path(folder) / f"fuzz.{name}"
            path.write_bytes(spoiled(FORMATS[name](chance), chance))
            files += 1
            try:
                said = fault(open_file(path, path.name, HEADER))
            except Unreadable:
                refused += 1
                continue
            except (Exception, RecursionError):  # noqa: BLE001 - whatever it is, it is what is looked for
                said = traceback.format_exc()
            if said:
                kept = Path(tempfile.gettempdir()) / f"fuzzed.{name}"
                kept.write_bytes(path.read_bytes())
                print(f"seed {seed}, file {files}, kept as {kept}: {said}")
                return 1
    print(f"{files} files, {refused} of them refused in words")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    return fuzz(asked.seconds, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
