"""Opening a file of any format: by what its first bytes say, by its name only where they leave it open."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from alliance_etl.reading.contained import unpacked
from alliance_etl.reading.delimited import open_delimited
from alliance_etl.reading.fhir import open_fhir
from alliance_etl.reading.grid import Grid
from alliance_etl.reading.limits import UNLIMITED, Limits
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.opened import OpenedFile
from alliance_etl.reading.statistics import open_statistics
from alliance_etl.reading.workbook import open_workbook

_HEAD_BYTES = 1 << 16
_SAS = bytes.fromhex("000000000000000000000000c2ea8160b31411cfbd92080009c7318c181f1011")
_OLD_STATA = tuple(range(0x69, 0x74))
_STATISTICS = ("sav", "dta", "sas7bdat", "xpt")
_WORKBOOKS = ("xlsx", "xls", "ods")
_JSON = ("json", "ndjson", "jsonl")
_JSON_START = re.compile(rb'(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?:\{\s*["}]|\[\s*[\]{])')


def open_file(
    path: Path,
    name: str,
    wanted: Sequence[str],
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    header_line: int | None = None,
    limits: Limits = UNLIMITED,
) -> OpenedFile:
    """A file, opened; `name` is what the site called it. Raises Unreadable.

    `sheet` and `header_line` are a workbook's; without them both are found by the wanted names.
    """
    limits.refuse_size(path.stat().st_size)
    kind = kind_of(path, name)
    if kind in ("gzip", "zip"):
        inside = unpacked(path, kind, name, limits)
        if kind_of(inside.path, inside.name) in ("gzip", "zip"):
            raise Unreadable("not_text", {"kind": "an archive within an archive"})
        opened = open_file(
            inside.path,
            inside.name,
            wanted,
            delimiter=delimiter,
            encoding=encoding,
            sheet=sheet,
            header_line=header_line,
            limits=limits,
        )
        packed = "gz" if kind == "gzip" else "zip"
        if isinstance(opened, Grid):
            return replace(opened, facts={**opened.facts, "packed": packed})
        return replace(opened, packed=packed, holder=inside)  # type: ignore[type-var]  # the others have both fields
    opened = _opened(path, name, kind, wanted, limits, delimiter, encoding, sheet, header_line)
    limits.refuse_columns(len(opened.header))
    return opened


def _opened(
    path: Path,
    name: str,
    kind: str | None,
    wanted: Sequence[str],
    limits: Limits,
    delimiter: str | None,
    encoding: str | None,
    sheet: str | int | None,
    header_line: int | None,
) -> OpenedFile:
    if kind is None:
        return open_delimited(path, wanted, delimiter=delimiter, encoding=encoding, limits=limits)
    if kind == "json":
        return open_fhir(path, name, wanted, encoding=encoding, limits=limits)
    limits.refuse_whole(path.stat().st_size, kind)
    if kind in _STATISTICS:
        return open_statistics(path, kind, limits)
    return open_workbook(path, kind, wanted, sheet, header_line, limits)


def kind_of(path: Path, name: str) -> str | None:
    """gzip, zip, json, a workbook's or a statistics file's kind; None for what reading as text will judge."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    suffix = PurePath(name).suffix.lower().lstrip(".")
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path, head)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if head.startswith((b"$FL2", b"$FL3")):
        return "sav"
    if head.startswith(b"<stata_dta>") or (suffix == "dta" and head[:1] and head[0] in _OLD_STATA):
        return "dta"
    if head.startswith(_SAS):
        return "sas7bdat"
    if head.startswith((b"HEADER RECORD*******LIBRARY HEADER", b"HEADER RECORD*******LIBV8")):
        return "xpt"
    plain = head.replace(b"\0", b"")  # of UTF-16 the letters are left
    if _JSON_START.match(plain) and (suffix in _JSON or b'"resourceType"' in plain):
        return "json"
    return None


def _zipped(path: Path, head: bytes) -> str | None:
    """What a zip is: a workbook, a document (left to reading as text, which refuses it), or just a zip."""
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and b"spreadsheet" in archive.open("mimetype").read(200):
                return "ods"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError, OSError):
        # damaged, or packed in a way of its own
        return "xlsx" if b"xl/" in head else "zip"
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    return None if any(name.startswith(("word/", "ppt/")) or name == "mimetype" for name in names) else "zip"
