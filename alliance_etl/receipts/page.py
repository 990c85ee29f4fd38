"""receipt.html: one page that needs nothing else, for a coordinator who wants to know what to do.

What is said stands in receipt.html.j2; here is what it is said of. The page shows only what receipt.json holds.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from alliance_etl.pages.template import counted, template

if TYPE_CHECKING:
    from jinja2 import Template

# More causes than this are in findings.csv only: nobody reads on.
MOST_CAUSES = 50
_SEVERITIES = ("error", "alert", "warning")


def page(document: Mapping[str, Any], *, is_check: bool = False) -> str:
    """The page of a receipt (as receipt.json holds it); `is_check`: nothing was taken in, only looked at."""
    findings = document["findings"]
    return _template().render(
        receipt=document,
        is_check=is_check,
        verdict=_verdict(document, is_check=is_check),
        tone=_tone(document),
        groups=[(severity, _worst_first(findings, severity)) for severity in _SEVERITIES],
        most=MOST_CAUSES,
        **_words(document["read_as"]),
        against={} if document["status"] == "duplicate" else _with_news(document["against_earlier"]),
    )


def _words(read_as: Mapping[str, Any]) -> dict[str, str]:
    """What a place in the file is called, and where a fixme file says what is wrong."""
    if read_as.get("format") != "fhir":
        return {"place": "Line", "comments": "a last column", "comments_kept": "the last column"}
    place = "Resource" if read_as["lines"] == "resources" else "Line"
    return {"place": place, "comments": "an extension", "comments_kept": "that extension"}


def _worst_first(findings: Sequence[Mapping[str, Any]], severity: str) -> list[Mapping[str, Any]]:
    """Causes of one severity: those of the whole file first, then by how much hangs on them."""
    return sorted(
        (finding for finding in findings if finding["severity"] == severity),
        key=lambda finding: (finding["line"] is not None and finding["column"] is not None, -finding["count"]),
    )


def _with_news(against: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {name: told for name, told in against.items() if any(told.values())}


def _tone(document: Mapping[str, Any]) -> str:
    if document["status"] == "rejected":
        return "bad"
    return "held" if document["held"] else "good"


def _verdict(document: Mapping[str, Any], *, is_check: bool) -> str:
    """The one sentence that stands first."""
    rows = counted(document["rows_read"] - document["skipped"], "row")
    held = document["held"]
    if document["status"] == "rejected":
        return "This file could not be read as it is." + (" Nothing was taken from it." if not is_check else "")
    if document["status"] == "duplicate":
        return "Exactly this file has come before: nothing was done, and nothing is to be done."
    was = "would be" if is_check else "was" if document["rows_read"] == 1 else "were"
    if not held:
        return f"All is well: {rows} {was} taken in."
    taken = document["rows_read"] - document["skipped"] - held
    if good := document["made_good"]:
        since = f"; {good:,} held then {'has' if good == 1 else 'have'} been made good by later files"
        waits = f", {held - good:,} still {'waits' if held - good == 1 else 'wait'} to be mended" if held > good else ""
        return f"{taken:,} of {rows} {was} taken in{since}{waits}."
    keeps = "would be held" if is_check else "is held" if held == 1 else "are held"
    return f"{taken:,} of {rows} {was} taken in; {held:,} {keeps} until mended."


@cache
def _template() -> "Template":
    return template("alliance_etl.receipts", "receipt.html.j2")
