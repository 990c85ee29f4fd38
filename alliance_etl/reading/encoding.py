"""Which encoding a file is in: declared, told by a byte order mark or NUL pattern, else by all of its lines."""

import codecs
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from alliance_etl.reading.grammar import SEP_LINE
from alliance_etl.reading.limits import UNLIMITED, Limits
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.source import LineTooLong, count_lines, is_utf8, whole_lines

SAMPLE_BYTES = 1 << 16
CP1252_SHARE = 1000
"""Without a declaration, one line in this many must be no UTF-8 before the file is taken for cp1252."""

# Longest first: the mark of UTF-16 is the beginning of that of UTF-32.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KINDS = (
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"Rar!", "rar"),
    (b"$FL2", "sav"),
    (b"$FL3", "sav"),
    (b"<stata_dta>", "dta"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3\x00", "sqlite"),
)
_ZIPPED = ((b"xl/", "xlsx"), (b"opendocument.spreadsheet", "ods"), (b"word/", "docx"))
_MARKUP = ((b"<html", "html"), (b"<!doctype html", "html"), (b"<?xml", "xml"))
_CONTROL = bytes(code for code in range(0x20) if code not in b"\t\n\v\f\r") + b"\x7f"
_DECLARE = "declare `encoding: cp1252` in study.yaml if that is what the site sends"


@dataclass(frozen=True)
class Encoding:
    """A codec's name, its byte order mark as found (empty where none), and what the site should know of it."""

    name: str
    mark: bytes = b""
    note: str | None = None


def encoding_of(path: Path, declared: str | None, limits: Limits = UNLIMITED) -> Encoding:
    """The file's encoding; a byte order mark wins over a declaration, since no other encoding begins with it.

    Raises Unreadable: empty_file, not_text, bad_encoding, too_large.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample:
        raise Unreadable("empty_file", {"bytes": 0})
    _refuse_other_formats(sample)
    marked = next((Encoding(name, mark) for mark, name in _MARKS if sample.startswith(mark)), None)
    if declared is not None:
        return _declared(declared, marked, sample)
    found = marked or _utf16_by_nul(sample)
    if found is None:
        _refuse_binary(sample)
        found = _by_all_lines(path, limits)
    return found


def _refuse_other_formats(sample: bytes) -> None:
    kind = next((kind for magic, kind in _KINDS if sample.startswith(magic)), None)
    if sample.startswith(b"PK\x03\x04"):
        kind = next((kind for part, kind in _ZIPPED if part in sample), "zip")
    start = sample.removeprefix(codecs.BOM_UTF8).lstrip()[:20].lower()
    kind = kind or next((kind for markup, kind in _MARKUP if start.startswith(markup)), None)
    if kind:
        raise Unreadable("not_text", {"kind": kind})


def _refuse_binary(sample: bytes) -> None:
    """Control bytes: a third of a sample is no text; a twentieth neither, where it is no UTF-8."""
    control = len(sample) - len(sample.translate(None, _CONTROL))
    if control * 3 > len(sample) or (control * 20 > len(sample) and not is_utf8(sample[: sample.rfind(b"\n") + 1])):
        raise Unreadable("not_text", {"kind": "binary"})


def _declared(declared: str, marked: Encoding | None, sample: bytes) -> Encoding:
    name = _codec(declared)
    wide = name.startswith(("utf-16", "utf-32"))
    if marked is not None:
        # "utf-16" leaves the byte order to the mark, "utf-16-le" names it.
        agrees = marked.name == name or (wide and marked.name.startswith(name))
        note = None if agrees else f"the file begins with a mark of {marked.name}: read as that, not as {name}"
        return Encoding(marked.name, marked.mark, note)
    if wide and b"\0" not in sample:
        raise Unreadable("bad_encoding", {"encoding": name, "declared": True})
    if name == "utf-16":
        return _utf16_by_nul(sample) or Encoding("utf-16-le")
    if name == "utf-32":
        return Encoding("utf-32-le")
    if not wide:
        _refuse_binary(sample)
    return Encoding(name)


@cache
def _codec(declared: str) -> str:
    """Python's name of a declared codec, without its `-sig`; bad_encoding where it is none for text."""
    refused = Unreadable("bad_encoding", {"encoding": declared, "declared": True})
    ascii_text = bytes(code for code in range(0x20, 0x7F) if code not in b"\\~")
    try:
        name = codecs.lookup(declared.strip()).name
        if not name.startswith(("utf-16", "utf-32")) and ascii_text.decode(name) != ascii_text.decode("ascii"):
            raise refused
    except (LookupError, UnicodeError, ValueError):
        raise refused from None
    return "utf-8" if name == "utf-8-sig" else name


def _utf16_by_nul(sample: bytes) -> Encoding | None:
    """UTF-16 without a mark: the NUL bytes of ASCII (delimiters and digits at least) stand on one side of the pairs."""
    pairs = max(len(sample) // 2, 1)
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    for name, side, other in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if side * 10 >= 3 * pairs and other * 20 <= side:
            return Encoding(name)
    return None


@dataclass
class _Count:
    lines: int = 0
    foreign: int = 0
    multibyte: bool = False


def _by_all_lines(path: Path, limits: Limits) -> Encoding:
    """UTF-8, or cp1252 where no line speaks for UTF-8 and the header or enough lines speak against it."""
    count = _Count()
    header_is_utf8 = True
    with path.open("rb") as file:
        try:
            for number, text in enumerate(whole_lines(file, most_line=limits.line_bytes)):
                if number == 0:
                    header_is_utf8 = is_utf8(_header_line(text))
                _count(text, count)
        except LineTooLong:
            limits.refuse_line(count.lines + 1)
    if not count.foreign:
        return Encoding("utf-8")
    enough = not header_is_utf8 or count.foreign * CP1252_SHARE >= count.lines
    if enough and not count.multibyte:
        return Encoding("cp1252")
    lines = "1 line holds" if count.foreign == 1 else f"{count.foreign} lines hold"
    return Encoding("utf-8", note=f"{lines} bytes that are not UTF-8, the rest is UTF-8; {_DECLARE}")


def _header_line(text: bytes) -> bytes:
    """The first line that is neither blank nor Excel's `sep=;`."""
    lines = (match[0] for match in re.finditer(rb"[^\r\n]+", text))  # not all of them at once
    return next((line for line in lines if line.strip() and not SEP_LINE.fullmatch(line)), b"")


def _count(text: bytes, count: _Count) -> None:
    """Add the lines of `text` (whole lines): how many, how many are no UTF-8, whether any has a multi-byte letter."""
    count.lines += count_lines(text)
    if text.isascii():
        return
    if is_utf8(text):
        count.multibyte = True
        return
    codes = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((codes == 10) | (codes == 13))
    foreign_lines = np.unique(np.searchsorted(ends, np.flatnonzero(codes >= 0x80)))
    leads = (codes[:-1] >= 0xC2) & (codes[:-1] <= 0xF4) & ((codes[1:] & 0xC0) == 0x80)
    if not leads.any():
        count.foreign += len(foreign_lines)
        return
    starts = np.concatenate(([0], ends + 1))
    stops = np.concatenate((ends, [len(text)]))
    for line in foreign_lines:
        valid = is_utf8(text[starts[line] : stops[line]])
        count.multibyte |= valid
        count.foreign += not valid
