"""Files that quote with ' or escape quotes are known by evidence, and come back in their own dialect."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_etl.reading import DelimitedText, open_delimited
from tests.scenario import EXPORT, Scenario, codes, counted, site

WANTED = ("id", "note", "q1")
HEADER = "id;note;q1\n"


def opened(folder: Path, content: str) -> DelimitedText:
    path = folder / "file.csv"
    path.write_bytes(content.encode())
    return open_delimited(path, WANTED)


def read(text: DelimitedText, block_bytes: int = 1 << 20) -> list[tuple[str | None, ...]]:
    return [row[:-1] for block in text.blocks(block_bytes=block_bytes) for row in block.frame.rows()]


@pytest.mark.parametrize(
    ("content", "quote", "escape", "first"),
    [
        pytest.param("'id';'note';'q1'\n'a';'x;y';'1'\n", "'", "doubled", ("a", "x;y", "1"), id="names in apostrophes"),
        pytest.param("'id';'note';'q1'\n'O'Brien';'x';'1'\n", "'", "doubled", ("O'Brien", "x", "1"), id="sloppily"),
        pytest.param(HEADER + "'a';x;1\n'b';y;2\n", "'", "doubled", ("a", "x", "1"), id="a column in apostrophes"),
        pytest.param(HEADER + "a;'x;y';1\nb;'p;q';2\n", "'", "doubled", ("a", "x;y", "1"), id="records made whole"),
        pytest.param(HEADER + "a;'x\ny';1\nb;'p\nq';2\n", "'", "doubled", ("a", "x\ny", "1"), id="cells of two lines"),
        pytest.param(HEADER + '"a";"say \\"x\\"; y";1\n', '"', "backslash", ("a", 'say "x"; y', "1"), id="escaped"),
        pytest.param(HEADER + 'a;5\\" wide;1\n', '"', "backslash", ("a", '5" wide', "1"), id="escaped without quotes"),
        pytest.param(HEADER + '"a\\\\b";"\\"x\\"";1\n', '"', "backslash", ("a\\b", '"x"', "1"), id="a backslash"),
        pytest.param("'id';'note';'q1'\n'a';'it\\'s';'1'\n", "'", "backslash", ("a", "it's", "1"), id="both"),
    ],
)  # fmt: skip
def test_an_unusual_quoting_is_known_by_evidence(
    tmp_path: Path, content: str, quote: str, escape: str, first: tuple[str, ...]
) -> None:
    text = opened(tmp_path, content)
    assert (text.facts["quote"], text.facts["escape"]) == (quote, escape)
    assert text.header == WANTED
    assert read(text)[0] == first


@pytest.mark.parametrize(
    "content",
    [
        HEADER + "O'Brien;x;1\n't Hart;y;2\nD'Or;it's;3\nLouis';z;4\n",
        HEADER + "a;'x;y';1\nb;z;2\n",
        HEADER + '"a";"it\'s; fine";1\n"b";"say ""hi""";2\n',
        HEADER + "'t Hart; junior;x;1\n's Gravenhage; Jan;y;2\n",
        HEADER + '"a";"c:\\dir\\";1\n"b";"d:\\";2\n',
        HEADER + "\"a\";'x';1\n\"b\";'y';2\n",
        HEADER + "a;c:\\x\\y;1\n",
        "'id';'note\n",
    ],
    ids=["names", "one slip", "usual quotes", "ragged", "paths", "quotes of both kinds", "backslashes", "no header"],
)
def test_names_slips_and_paths_are_no_evidence(tmp_path: Path, content: str) -> None:
    assert not {"quote", "escape"} & set(opened(tmp_path, content).facts)


def test_what_was_written_for_the_quotes_as_they_are_stays_as_it_is(tmp_path: Path) -> None:
    """A study.yaml that names its columns with their apostrophes goes on finding them."""
    path = tmp_path / "file.csv"
    path.write_text("'id';'q1'\n'a';'1'\n")
    assert open_delimited(path, ("'id'", "'q1'")).header == ("'id'", "'q1'")


# without line breaks: a line within a cell that is a record by itself is held in every dialect
cells = st.text(st.sampled_from("ab'\"\\; é"), max_size=8).filter(lambda cell: cell.strip() or not cell)
rows = st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(written=rows, quote=st.sampled_from("'\""), block=st.integers(1, 80))
def test_what_is_written_with_escapes_is_read_back(written: list[tuple[str, ...]], quote: str, block: int) -> None:
    told = [(f"x{quote}y{quote}z", "b", "c"), *written]  # evidence that a backslash escapes
    target = io.StringIO()
    options = {"doublequote": False, "escapechar": "\\", "quoting": csv.QUOTE_ALL, "lineterminator": "\n"}
    csv.writer(target, delimiter=";", quotechar=quote, **options).writerows([WANTED, *told])
    with tempfile.TemporaryDirectory() as folder:
        text = opened(Path(folder), target.getvalue())
        assert text.facts["escape"] == "backslash"
        expected = [tuple(cell or None for cell in row) for row in told if any(cell.strip() for cell in row)]
        assert read(text, block) == expected


@settings(max_examples=200, deadline=None, derandomize=True)
@given(written=rows, block=st.integers(1, 80))
def test_what_is_written_with_apostrophes_is_read_back(written: list[tuple[str, ...]], block: int) -> None:
    target = io.StringIO()
    csv.writer(target, delimiter=";", quotechar="'", quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [WANTED, *written]
    )
    with tempfile.TemporaryDirectory() as folder:
        read_back = read(opened(Path(folder), target.getvalue()), block)
    assert read_back == [tuple(cell or None for cell in row) for row in written if any(cell.strip() for cell in row)]


NAMES = "client,session,q1,q2,q3,note"
QUOTED_NAMES = "'client','session','q1','q2','q3','note'"


@pytest.mark.parametrize(
    ("header", "rows_of_file", "held_row"),
    [
        (QUOTED_NAMES, ["'O''Brien','1','9','2','3','a, b'"], "'O''Brien','1','9','2','3','a, b'"),
        (NAMES, ["A,1,1,2,3,'a, b'", "B,1,9,2,3,'c, d'"], "B,1,9,2,3,'c, d'"),
        (NAMES, ['A,1,1,2,3,"a \\"b\\", c"', 'B,1,9,2,3,"d \\"e\\", f"'], 'B,1,9,2,3,"d \\"e\\", f"'),
        (QUOTED_NAMES, ["'A','1','9','2','3','=1+1'"], "A,1,9,2,3,'''=1+1'"),
    ],
    ids=["apostrophes", "some cells", "backslashes", "a formula"],
)
def test_a_fixme_file_is_written_as_the_site_quotes(
    tmp_path: Path, header: str, rows_of_file: list[str], held_row: str
) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket={**EXPORT, "files": "*"})})
    drop = study.received("a.csv", "\n".join([header, *rows_of_file]) + "\n")
    assert (counted(drop)["held"], codes(study.findings(drop))[-1]) == (1, "answer_out_of_range")
    fixme = (tmp_path / "receipts" / "berlin" / drop.drop_id / "fixme.csv").read_text(encoding="utf-8")
    assert fixme.splitlines()[1].startswith(held_row)
    back = study.received("fixme.csv", fixme.replace("9", "5"))
    assert counted(back) == {"rows_read": 1, "new": 1}
