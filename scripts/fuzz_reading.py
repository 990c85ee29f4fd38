"""Reading under stress, for as long as asked: random exports through both parsers and every size of block.

    python scripts/fuzz_reading.py --seconds 60         # quoted with " and with '
    python scripts/fuzz_reading.py --lines 5000000      # speed and peak memory, against pyarrow alone

Ends with status 1 at the first text on which the readings differ, or a line is lost, and prints it.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv

sys.path.insert(0, str(Path(__file__).parents[1]))
from alliance_etl.reading import DelimitedText, delimited, open_delimited
from alliance_etl.reading.quoting import USUAL, Quoting

HEADER = ("id", "text", "n")
APOSTROPHES = Quoting("'")
PARTS = (
    "a",
    "7",
    "'",
    "é",
    " ",
    '"',
    '"',
    '""',
    '";',
    ';"',
    ";",
    ";",
    ";",
    ";;",
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\0",
    "\ufeff",
)
LINES = ("a;b;c", '"a";"b;";"c"', '"a";"b ""c""";3', "a;b", "a;b;c;d", "a;b;c;", 'a;"b;c', 'a;b";c', ';;"x', "", ";;")


def random_text(chance: random.Random) -> str:
    """Half of the texts are soup, half are lines of an export with a slip here and there."""
    if chance.random() < 0.5:
        return "".join(chance.choices(PARTS, k=chance.randrange(60)))
    lines = chance.choices(LINES, k=chance.randrange(1, 15))
    slips = ("".join(chance.choices(PARTS, k=2)) if chance.random() < 0.1 else "" for _ in lines)
    return "".join(line + slip + chance.choice(("\n", "\n", "\r\n")) for line, slip in zip(lines, slips, strict=True))


def reading(text: DelimitedText, block_bytes: int, *, careful: bool) -> tuple[list[tuple[object, ...]], ...]:
    fast = delimited.read_clean
    if careful:
        delimited.read_clean = lambda *_: None  # type: ignore[assignment]
    try:
        blocks = list(text.blocks(block_bytes=block_bytes))
    finally:
        delimited.read_clean = fast
    frames = ([getattr(block, name) for block in blocks] for name in ("frame", "broken", "blank"))
    return tuple([row for frame in parts for row in frame.rows()] for parts in frames)


def lost_or_doubled(body: str, read: tuple[list[tuple[object, ...]], ...]) -> bool:
    """Lines of records ascend, each once; without quotes they are all lines there are."""
    frame, broken, blank = read
    lines = [row[-1] for row in frame] + [row[0] for row in (*broken, *blank)]
    expected = range(2, 2 + len(body.encode().splitlines()))
    if len(set(lines)) < len(lines) or not set(lines) <= set(expected):
        return True
    return '"' not in body and set(lines) != set(expected)


def swapped(read: tuple[list[tuple[object, ...]], ...]) -> tuple[list[tuple[object, ...]], ...]:
    """The same with ' and " in each other's place."""
    frame, *rest = read
    return (
        [tuple(APOSTROPHES.outward(cell) if isinstance(cell, str) else cell for cell in row) for row in frame],
        *rest,
    )


def fuzz(seconds: float, seed: int) -> int:
    chance = random.Random(seed)  # noqa: S311 - no secret
    until = time.monotonic() + seconds
    texts = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.csv"
        while time.monotonic() < until:
            body = random_text(chance)
            path.write_bytes(("id;text;n" + chance.choice(("", ";")) + "\n" + body).encode())
            if body.count("\0") * 4 > len(body):
                continue
            text = replace(open_delimited(path, HEADER, encoding="utf-8"), _quoting=USUAL)
            whole = reading(text, 1 << 20, careful=True)
            others = [reading(text, size, careful=False) for size in (1, chance.randrange(1, 80), 1 << 20)]
            path.write_bytes(path.read_bytes().translate(bytes.maketrans(b"'\"", b"\"'")))
            others.append(swapped(reading(replace(text, _quoting=APOSTROPHES), 1 << 20, careful=False)))
            if lost_or_doubled(body, whole) or any(other != whole for other in others):
                print(f"seed {seed}, text {texts}: {body!r}\n{whole}\n" + "\n".join(map(str, others)))
                return 1
            texts += 1
    print(f"{texts} texts, both parsers agree")
    return 0


def export(lines: int, chance: random.Random) -> Iterator[str]:
    answers = [";".join(str(chance.randint(1, 5)) for _ in range(12)) for _ in range(1000)]
    yield "Klient-ID;Sitzung;Datum;Phase;" + ";".join(f"WAI{item}" for item in range(1, 13)) + "\n"
    for number in range(lines):
        yield f"K{10_000_000 + number // 4};{number % 4 + 1};08.01.2024;T0;{answers[number % 1000]}\n"


def bench(lines: int, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.csv"
        with path.open("w") as file:
            file.writelines(export(lines, random.Random(seed)))  # noqa: S311 - no secret
        started = time.perf_counter()
        text = open_delimited(path, ("Klient-ID", "Sitzung"))
        opened = time.perf_counter()
        rows = sum(block.frame.height for block in text.blocks())
        read = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        pyarrow.csv.read_csv(
            path,
            parse_options=pyarrow.csv.ParseOptions(delimiter=";"),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(text.header, pa.string())),
        )
        floor = time.perf_counter() - read
        print(f"{rows} rows, {path.stat().st_size >> 20} MB, polars {pl.__version__}")
        print(f"open {opened - started:.2f} s, read {read - opened:.2f} s, peak {peak} MB; pyarrow alone {floor:.2f} s")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, help="measure speed on so many lines instead")
    asked = parser.parse_args()
    return bench(asked.lines, asked.seed) if asked.lines else fuzz(asked.seconds, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
