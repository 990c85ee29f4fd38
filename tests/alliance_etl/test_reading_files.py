"""Opening a file: its encoding, delimiter and header, and the files that hold no table."""

import codecs
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from alliance_etl.reading import DelimitedText, Unreadable, open_delimited

WANTED = ("Klient-ID", "Sitzung", "Größe")
TABLE = "Klient-ID;Sitzung;Größe\nMüller;1;ü\nK2;2;ä\n"


def opened(folder: Path, content: bytes, wanted: Sequence[str] = WANTED, **declared: str) -> DelimitedText:
    path = folder / "wai.csv"
    path.write_bytes(content)
    return open_delimited(path, wanted, **declared)


def refusal(folder: Path, content: bytes, wanted: Sequence[str] = WANTED, **declared: str) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        opened(folder, content, wanted, **declared)
    return caught.value


def rows(text: DelimitedText) -> list[tuple[object, ...]]:
    return [row for block in text.blocks() for row in block.frame.rows()]


def held(text: DelimitedText) -> list[tuple[object, ...]]:
    return [row for block in text.blocks() for row in block.broken.rows()]


MARKED = [
    ("utf-8", b"", False),
    ("utf-8", codecs.BOM_UTF8, True),
    ("utf-16-le", codecs.BOM_UTF16_LE, True),
    ("utf-16-be", codecs.BOM_UTF16_BE, True),
    ("utf-16-le", b"", False),
    ("utf-16-be", b"", False),
    ("utf-32-le", codecs.BOM_UTF32_LE, True),
    ("cp1252", b"", False),
]
IDS = [name + (", mark" if mark else "") for name, mark, _ in MARKED]


@pytest.mark.parametrize(("encoding", "mark", "bom"), MARKED, ids=IDS)
def test_an_encoding_is_found_where_none_is_declared(tmp_path: Path, encoding: str, mark: bytes, bom: bool) -> None:
    text = opened(tmp_path, mark + TABLE.encode(encoding))
    assert (text.dialect.encoding, text.dialect.bom) == (encoding, bom)
    assert text.header == WANTED
    assert rows(text) == [("Müller", "1", "ü", 2), ("K2", "2", "ä", 3)]
    assert text.encoding_note is None


@pytest.mark.parametrize(
    ("declared", "written", "name"),
    [
        ("UTF-8", "utf-8-sig", "utf-8"),
        ("utf-8-sig", "utf-8", "utf-8"),
        ("windows-1252", "cp1252", "cp1252"),
        ("latin-1", "latin-1", "iso8859-1"),
        ("utf-16", "utf-16", "utf-16-le"),
        ("utf-16", "utf-16-be", "utf-16-be"),
        ("UTF-16LE", "utf-16-le", "utf-16-le"),
        ("mac_roman", "mac_roman", "mac-roman"),
        ("cp850", "cp850", "cp850"),
    ],
    ids=lambda value: value,
)
def test_a_declared_encoding_is_read(tmp_path: Path, declared: str, written: str, name: str) -> None:
    text = opened(tmp_path, TABLE.encode(written), encoding=declared)
    assert text.dialect.encoding == name
    assert text.header == WANTED
    assert rows(text)[0] == ("Müller", "1", "ü", 2)


def test_a_byte_order_mark_wins_over_the_declaration_and_is_told(tmp_path: Path) -> None:
    text = opened(tmp_path, TABLE.encode("utf-8-sig"), encoding="cp1252")
    assert text.header == WANTED
    assert "utf-8" in (text.encoding_note or "")


@pytest.mark.parametrize("rows_before", [0, 100_000], ids=["at the start", "in row 100 000"])
def test_a_cp1252_line_in_a_utf8_file_is_held_and_the_note_tells_the_remedy(tmp_path: Path, rows_before: int) -> None:
    table = TABLE.encode() + b"K3;3;4\n" * rows_before
    text = opened(tmp_path, table + "Jörg;3;4\n".encode("cp1252") + b"K4;4;4\n")
    assert text.dialect.encoding == "utf-8"
    assert held(text) == [(4 + rows_before, "undecodable_bytes", 3, 3)]
    assert rows(text)[-1] == ("K4", "4", "4", 5 + rows_before)
    assert "encoding: cp1252" in (text.encoding_note or "")


def test_a_single_odd_byte_in_a_large_ascii_file_does_not_make_it_cp1252(tmp_path: Path) -> None:
    text = opened(tmp_path, b"Klient-ID;Sitzung\r\n" + b"K3;3\r\n" * 1500 + b"J\xf6rg;3\r\n")
    assert text.dialect.encoding == "utf-8"
    assert held(text) == [(1502, "undecodable_bytes", 2, 2)]


def test_umlauts_in_one_line_of_a_thousand_make_it_cp1252(tmp_path: Path) -> None:
    text = opened(tmp_path, b"Klient-ID;Sitzung\r\n" + b"K3;3\r\n" * 900 + b"J\xf6rg;3\r\n")
    assert text.dialect.encoding == "cp1252"
    assert rows(text)[-1] == ("Jörg", "3", 902)


def test_bytes_that_cp1252_does_not_have_hold_their_line(tmp_path: Path) -> None:
    text = opened(tmp_path, "Klient-ID;Größe\n".encode("cp1252") + b"K1;\x81\nK2;\xe4\n")
    assert text.dialect.encoding == "cp1252"
    assert held(text) == [(2, "undecodable_bytes", 2, 2)]
    assert rows(text) == [("K2", "ä", 3)]


@pytest.mark.parametrize(
    ("declared", "line"),
    [("utf-8", b"K1;\xe4"), ("ascii", b"K1;\xc3\xa4"), ("shift_jis", b"K1;\x81"), ("cp1252", b"K1;\x8f")],
    ids=["utf-8", "ascii", "shift_jis", "cp1252"],
)
def test_a_line_that_is_not_in_the_declared_encoding_is_held(tmp_path: Path, declared: str, line: bytes) -> None:
    text = opened(tmp_path, b"Klient-ID;Sitzung\n" + line + b"\nK2;2\n", encoding=declared)
    assert held(text) == [(2, "undecodable_bytes", 2, 2)]
    assert rows(text) == [("K2", "2", 3)]


def test_half_a_letter_at_the_end_of_utf16_holds_the_last_line(tmp_path: Path) -> None:
    text = opened(tmp_path, (TABLE + "K3;3;4").encode("utf-16") + b"\x41")
    assert held(text) == [(4, "undecodable_bytes", 3, 3)]
    assert len(rows(text)) == 2


def test_an_undecodable_byte_in_a_column_not_asked_for_holds_the_line_all_the_same(tmp_path: Path) -> None:
    text = opened(tmp_path, TABLE.encode() + b"K3;3;\xff\n")
    (block,) = text.blocks([0])
    assert block.broken["line"].to_list() == [4]


@pytest.mark.parametrize(
    ("declared", "content"),
    [("utf-99", b"a;b\n"), ("rot13", b"a;b\n"), ("utf-16", b"Klient-ID;Sitzung\n"), ("utf-8", b"Gr\xf6\xdfe;x\n")],
    ids=["unknown", "no encoding of text", "not UTF-16 at all", "the header does not decode"],
)
def test_an_encoding_that_cannot_be_the_files_is_refused(tmp_path: Path, declared: str, content: bytes) -> None:
    error = refusal(tmp_path, content, encoding=declared)
    assert (error.code, error.facts["declared"]) == ("bad_encoding", True)


def test_a_header_from_dos_is_refused_since_no_guess_decodes_it(tmp_path: Path) -> None:
    error = refusal(tmp_path, "Klient-ID;Müller\n".encode("cp850"))
    assert (error.code, error.facts) == ("bad_encoding", {"encoding": "cp1252", "declared": False, "line": 1})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_the_delimiter_is_the_one_that_shows_the_wanted_names(tmp_path: Path, delimiter: str) -> None:
    other = "," if delimiter == ";" else ";"
    header = delimiter.join(["Klient-ID", "Sitzung", f'"x{other}y{other}z"'])
    text = opened(tmp_path, f"{header}\n1{delimiter}2{delimiter}3\n".encode())
    assert text.dialect.delimiter == delimiter
    assert text.other_delimiters == {",": 0, ";": 0, "\t": 0, "|": 0} | {delimiter: 2}


def test_among_equal_delimiters_the_one_that_fits_the_lines_is_taken(tmp_path: Path) -> None:
    text = opened(tmp_path, b"a,b;c\n1,5;2\n2;3\n4;5\n", ())
    assert text.dialect.delimiter == ";"


def test_a_wrong_declared_delimiter_stands_and_can_be_explained(tmp_path: Path) -> None:
    text = opened(tmp_path, TABLE.encode(), delimiter=",")
    assert text.dialect.delimiter == ","
    assert (text.other_delimiters[","], text.other_delimiters[";"]) == (0, 3)


def test_any_ascii_character_can_be_declared_as_delimiter(tmp_path: Path) -> None:
    text = opened(tmp_path, b"Klient-ID^Sitzung\n1^2\n", delimiter="^")
    assert rows(text) == [("1", "2", 2)]


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "§"], ids=["none", "two", "quote", "newline", "not ASCII"])
def test_what_cannot_be_a_delimiter_is_refused(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(ValueError, match="one ASCII character"):
        opened(tmp_path, TABLE.encode(), delimiter=delimiter)


@pytest.mark.parametrize(
    ("before", "line"),
    [("sep=;\r\n", 2), ('"sep=;"\n', 2), ("\n  \n;;\n", 4), ("\nsep=;\n\n", 4)],
    ids=["sep", "sep in quotes", "blank lines", "both"],
)
def test_lines_before_the_header_that_say_nothing_are_passed_over(tmp_path: Path, before: str, line: int) -> None:
    text = opened(tmp_path, (before + TABLE).encode())
    assert (text.header, text.header_line) == (WANTED, line)
    assert rows(text)[0][-1] == line + 1


def test_sep_can_name_an_unusual_delimiter(tmp_path: Path) -> None:
    assert opened(tmp_path, b"sep=^\nKlient-ID^Sitzung\n1^2\n").header == ("Klient-ID", "Sitzung")


def test_names_lose_outer_space_marks_and_quotes_and_keep_their_doubles(tmp_path: Path) -> None:
    header = '\ufeff "Klient-ID";" Sitzung\u00a0";\u00a0Datum\u200b;Datum;;\n'
    text = opened(tmp_path, header.replace('\ufeff "', '\ufeff"').encode())
    assert text.header == ("Klient-ID", "Sitzung", "Datum", "Datum", "", "")


def test_a_header_may_span_lines(tmp_path: Path) -> None:
    text = opened(tmp_path, b'Klient-ID;"How far do you\nagree?";Sitzung\n1;2;3\n')
    assert text.header == ("Klient-ID", "How far do you\nagree?", "Sitzung")
    assert rows(text) == [("1", "2", "3", 3)]


def test_a_stray_quote_in_the_header_does_not_swallow_rows(tmp_path: Path) -> None:
    text = opened(tmp_path, b'Klient-ID;"x;Sitzung\n1;2;3\n4;"5";6\n')
    assert text.header == ("Klient-ID", '"x', "Sitzung")
    assert [row[-1] for row in rows(text)] == [2, 3]


@pytest.mark.parametrize(("newline", "found"), [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r")], ids=["LF", "CRLF", "CR"])
def test_the_dialect_tells_the_line_break(tmp_path: Path, newline: str, found: str) -> None:
    assert opened(tmp_path, TABLE.replace("\n", newline).encode()).dialect.newline == found


@pytest.mark.parametrize(
    "content",
    [b"", codecs.BOM_UTF8, b"\n\r\n \n", b";;;\n", "\ufeff\n".encode("utf-16-le")],
    ids=["nothing", "a mark", "blank lines", "delimiters", "a UTF-16 mark"],
)
def test_a_file_without_any_text_is_empty(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).code == "empty_file"


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "content")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (zipped("xl/workbook.xml"), "xlsx"),
        (zipped("wai.csv"), "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "xls"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"%PDF-1.7\n", "pdf"),
        (b"$FL2@(#) SPSS", "sav"),
        (b"\r\n<!DOCTYPE html><table>", "html"),
        (bytes(range(256)) * 50, "binary"),
        (b"\x00" * 5000, "binary"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("declared", [{}, {"encoding": "cp1252"}], ids=["undeclared", "declared"])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes, kind: str, declared: dict[str, str]) -> None:
    error = refusal(tmp_path, content, **declared)
    assert (error.code, error.facts) == ("not_text", {"kind": kind})


def test_a_file_that_begins_with_answers_has_no_header(tmp_path: Path) -> None:
    error = refusal(tmp_path, b"K100;1;08.01.2024;3\nK101;1;08.01.2024;4\n")
    assert (error.code, error.facts) == ("no_header", {"line": 1, "fields": 4})
    assert "K100" not in str(error)


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    plain, titled = (
        opened(tmp_path, TABLE.encode()),
        b"Export of 1 May\nNorth Clinic;;\n\n;WAI;;;SRS\n" + TABLE.encode(),
    )
    lines = [block.frame["line"].to_list() for block in plain.blocks()]
    below = opened(tmp_path, titled)
    assert (below.header, below.header_line) == (plain.header, 5)
    assert [[line - 4 for line in block.frame["line"]] for block in below.blocks()] == lines


@pytest.mark.parametrize("above", [b"K100;1;08.01.2024;3\n", b"K;one;January;often\n"], ids=["numbers", "words"])
def test_a_header_below_data_is_pointed_at(tmp_path: Path, above: bytes) -> None:
    error = refusal(tmp_path, above + TABLE.encode())
    assert (error.code, error.facts["header_at"]) == ("no_header", 2)


@pytest.mark.parametrize("header", ["klient_id;sitzung", "Patient;Visit;Date"], ids=["other spelling", "other names"])
def test_a_header_of_other_names_is_still_a_header(tmp_path: Path, header: str) -> None:
    assert opened(tmp_path, f"{header}\nx;y;z\n".encode()).header == tuple(header.split(";"))


@pytest.mark.parametrize(
    ("name", "wanted", "columns", "rows_read"),
    [
        ("qualtrics/sample.csv", ("ResponseId", "Q1"), 20, 1),
        ("qualtrics/sample_legacy.csv", ("V1", "Q1"), 16, 1),
        ("redcap/longitudinal.csv", ("study_id", "redcap_event_name"), None, None),
        ("redcap/decimal-comma.csv", ("record_id", "height"), 6, 4),
        ("redcap/arm-single-longitudinal.csv", ("record_id",), 6, None),
        ("steenstra/survey_wai_logs.csv", ("pairing_id", "session_id"), 42, 277),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_exports_of_real_software_open(
    name: str, wanted: tuple[str, ...], columns: int | None, rows_read: int | None
) -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / name
    if not path.exists():
        pytest.skip("the shared data are not beside this checkout")
    text = open_delimited(path, wanted)
    assert set(wanted) <= set(text.header)
    assert columns in (None, len(text.header))
    assert held(text) == []
    assert rows_read in (None, len(rows(text)))


@pytest.mark.parametrize("delimiter", ["^", "~", ":", " ", "\x1f"], ids=["caret", "tilde", "colon", "space", "unit"])
def test_an_unusual_delimiter_is_taken_where_it_shows_the_wanted_names_and_cuts_every_line_alike(
    tmp_path: Path, delimiter: str
) -> None:
    text = opened(tmp_path, TABLE.replace(";", delimiter).encode())
    assert text.dialect.delimiter == delimiter
    assert rows(text) == [("Müller", "1", "ü", 2), ("K2", "2", "ä", 3)]


@pytest.mark.parametrize(
    "content",
    ["Klient-ID^Sitzung\n1^2\n1^2^3\n", "Klient-ID^Session\n1^2\n"],
    ids=["a line of another width", "one wanted name"],
)
def test_an_unusual_delimiter_is_not_guessed(tmp_path: Path, content: str) -> None:
    assert refusal(tmp_path, content.encode()).code == "no_header"
