"""Small exports of Qualtrics and LimeSurvey as these systems write them: what the tests of survey systems drop."""

from collections.abc import Mapping, Sequence

QUALTRICS_IDS = ("StartDate", "EndDate", "Status", "Finished", "ResponseId", "ExternalReference", "session")
QUALTRICS_TEXTS = (
    "Start Date",
    "End Date",
    "Response Type",
    "Finished",
    "Response ID",
    "External Data Reference",
    "session",
)
_IMPORT_IDS = ("startDate", "endDate", "status", "finished", "_recordId", "externalDataReference", "session")
_LEGACY_TEXTS = (
    "ResponseID",
    "ResponseSet",
    "Name",
    "ExternalDataReference",
    "EmailAddress",
    "IPAddress",
    "Status",
    "StartDate",
    "EndDate",
    "Finished",
)


def qualtrics(*rows: str, delimiter: str = ",") -> str:
    """Three rows of header, then responses: "status who session q1 q2 q3", each word a cell, all on the same day."""
    ids = [*QUALTRICS_IDS, "Q1_1", "Q1_2", "Q1_3"]
    texts = [*QUALTRICS_TEXTS, *(f"How was it?\n- part {n}, of three" for n in (1, 2, 3))]
    imported = [f'{{"ImportId":"{name}"}}' for name in (*_IMPORT_IDS, "QID1_1", "QID1_2", "QID1_3")]
    return _lines([ids, texts, imported, *map(_response, rows)], delimiter)


def _response(row: str) -> list[str]:
    status, who, session, *answers = row.split(" ")
    day = ("2026-01-31 08:28:09", "2026-01-31 08:33:10")
    return [*day, status.replace("_", " "), "1", f"R_{who}{session}", who, session, *_words(answers)]


def qualtrics_legacy(*rows: str) -> str:
    """Two rows of header, V1, V2, … above what these are; a byte order mark, and a nameless column at the end."""
    ids = [*(f"V{n}" for n in range(1, 11)), "session", "Q1_1", "Q1_2", "Q1_3", "LocationLatitude", ""]
    texts = [*_LEGACY_TEXTS, "session", *(f"How was it?-part {n}" for n in (1, 2, 3)), "LocationLatitude", ""]
    return "\ufeff" + _lines([ids, texts, *map(_legacy_response, rows)], ",", newline="\r\n")


def _legacy_response(row: str) -> list[str]:
    status, who, session, *answers = row.split(" ")
    known = [f"R_{who}{session}", "Default Response Set", "Anonymous", who, "", "1.2.3.4", status]
    return [*known, "2026-01-31 08:28:09", "2026-01-31 08:33:10", "1", session, *_words(answers), "47.1", ""]


HEADINGS: Mapping[str, Sequence[str]] = {
    "code": ("id", "submitdate", "lastpage", "startlanguage", "token", "SES", "WAI[SQ001]", "WAI[SQ002]", "WAI[SQ003]"),
    "full": (
        "Response ID",
        "Date submitted",
        "Last page",
        "Start language",
        "Access code",
        "Which session was it?",
        "How was it? [We agree about goals]",
        "How was it? [We agree about tasks]",
        'How was it? [I feel "liked"]',
    ),
    "code and text": (
        "id. Response ID",
        "submitdate. Date submitted",
        "lastpage. Last page",
        "startlanguage. Start language",
        "token. Access code",
        "SES. Which session was it?",
        "WAI[SQ001]. How was it? [We agree about goals]",
        "WAI[SQ002]. How was it? [We agree about tasks]",
        'WAI[SQ003]. How was it? [I feel "liked"]',
    ),
}


def limesurvey(*rows: str, headings: str = "code", delimiter: str = ",", day: str = "2026-01-31 08:33:10") -> str:
    """All cells in quotes, a byte order mark and an empty line at the end: "id who session q1 q2 q3", each word a cell.

    A response whose id is in brackets was not submitted.
    """
    lines = [[*HEADINGS[headings]], *(_submitted(row, day) for row in rows)]
    quoted = (delimiter.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    return "\ufeff" + "".join(f"{line}\r\n" for line in quoted) + "\r\n"


def _submitted(row: str, day: str) -> list[str]:
    number, who, session, *answers = row.split(" ")
    return [number.strip("()"), "" if "(" in number else day, "2", "de", who, session, *_words(answers)]


def _words(answers: Sequence[str]) -> list[str]:
    return [answer.replace("_", " ") for answer in answers]


def _lines(rows: Sequence[Sequence[str]], delimiter: str, newline: str = "\n") -> str:
    special = (delimiter, '"', "\n")
    cells = (
        delimiter.join(
            '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in special) else cell for cell in row
        )
        for row in rows
    )
    return "".join(f"{line}{newline}" for line in cells)
