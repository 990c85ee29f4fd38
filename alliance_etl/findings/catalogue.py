# ruff: noqa: E501 - a message is one sentence on one line, so that a diff shows the sentence
"""Every finding that there is: stable code, severity, what it means and how to put it right.

What belongs here: words. A message may name a column, what was expected and what the cell shows; it never repeats
a cell's text, which `value` carries only where the contract allows it.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "alert", "warning"]
Level = Literal["file", "row", "cell"]


@dataclass(frozen=True)
class Kind:
    """One kind of finding. At `file` level an error means that the file (or the export's view of it) is rejected."""

    code: str
    severity: Severity
    level: Level
    message: str
    how_to_fix: str


_KINDS = (
    # the file as a whole
    Kind("empty_file", "error", "file", "The file is empty: 0 bytes, or only blank lines.",
         "Export again and look at the file before you drop it."),
    Kind("header_only", "warning", "file", "The file has column names but no rows.",
         "If answers were due, check the filter of the export and drop the file again."),
    Kind("not_text", "error", "file", "The file is not delimited text: {detail}.",
         "Save or export it as CSV (in Excel: Save as, CSV UTF-8) and drop that file."),
    Kind("bad_encoding", "error", "file", "The file cannot be read as {expected}.",
         "Correct `encoding` of the export in study.yaml, or export the file as UTF-8."),
    Kind("no_header", "error", "file", "The first line is not a line of column names: none of the {expected} is in it; "
         "{detail}",
         "Export with column names in the first line; if the names are others, correct them in study.yaml."),
    Kind("wrong_delimiter", "error", "file", "With the delimiter that study.yaml declares, the first line does not split "
         "into the expected columns: {detail}",
         "Correct or leave out `delimiter` of the export in study.yaml."),
    Kind("column_missing", "error", "file", "The file lacks {expected}. {detail}",
         "Export the file with all columns, or give the new names in study.yaml; the file is then read again by itself."),
    Kind("column_doubled", "error", "file", "The column {expected} stands more than once in the file, so it is not clear which one counts.",
         "Delete or rename the superfluous column and drop the file again."),
    Kind("no_export", "error", "file", "No export of this site in study.yaml reads a file of this name: expected {expected}.",
         "Rename the file, put it into the right site's folder, or add its name to `files` in study.yaml."),
    Kind("other_sites_file", "alert", "file", "Exactly this file has also come from another site.",
         "If it was put into the wrong folder, tell the data manager; if both sites really share it, nothing is to be done."),
    Kind("duplicate_file", "warning", "file", "Exactly this file has come before, under the name in `expected`; nothing was done.",
         "Nothing is to be done. To bring back older answers, send them in a file of their own."),
    Kind("columns_not_read", "warning", "file", "Columns that study.yaml does not name were not read: {detail}.",
         "Nothing is to be done. Leave out of the export what the study does not need, above all what identifies a person."),
    Kind("forms_vanished", "alert", "file", "Forms that earlier files brought are not in this one, although it is the site's whole history: {detail}.",
         "If they were deleted on purpose, tell the data manager; if not, export the whole history again. They stay published."),
    # a line that cannot be taken apart
    Kind("row_too_short", "error", "row", "The row has fewer cells than there are columns: {detail}.",
         "Look for a line break inside a cell or a missing delimiter in this line, and send the row again."),
    Kind("row_too_long", "error", "row", "The row has more cells than there are columns: {detail}.",
         "Look for an unquoted delimiter inside a cell (a decimal comma, a comment), and send the row again."),
    Kind("unterminated_quote", "error", "row", "A quotation mark opens a cell in this line and never closes it.",
         "Close or remove the quotation mark and send the row again."),
    Kind("nul_bytes", "error", "row", "The line holds NUL bytes; the file was damaged on its way or written by a crash.",
         "Export again and send the row again."),
    Kind("undecodable_bytes", "error", "row", "The line holds bytes that are no characters in the file's encoding ({expected}).",
         "Export as UTF-8, or declare the right `encoding` in study.yaml; the row is then read again by itself."),
    Kind("repeated_header", "error", "row", "The column names stand here again, in the middle of the file.",
         "Nothing is lost if two exports were joined; remove the line to be rid of this finding."),
    Kind("second_header", "error", "row", "Other column names begin here, in the middle of the file; what follows cannot be told apart.",
         "Send the second part as a file of its own."),
    # who and when
    Kind("participant_missing", "error", "cell", "The row names no participant.",
         "Fill in the participant's id and send the row again."),
    Kind("session_missing", "error", "cell", "The row has neither a session number nor a date.",
         "Fill in the session number (or the date) and send the row again."),
    Kind("session_unreadable", "error", "cell", "The session is not a whole number from 0 up.",
         "Give the session as a plain number and send the row again."),
    Kind("date_unreadable", "error", "cell", "The date cannot be read as {expected}, or there is no such day.",
         "Correct the date, or `date_format` in study.yaml if the site writes all dates like this."),
    Kind("date_in_future", "error", "cell", "The date lies after the day on which the file was received.",
         "Correct the date and send the row again."),
    # answers
    Kind("answer_unreadable", "error", "cell", "The answer is neither a number nor a label that study.yaml knows.",
         "Correct the answer; or declare the text under `labels` or `missing` in study.yaml."),
    Kind("answer_out_of_range", "error", "cell", "The answer lies outside the range of the instrument.",
         "Correct the answer; or declare the code under `missing`, or the range under `response`, in study.yaml."),
    Kind("answer_between_steps", "error", "cell", "The answer lies between two steps of the scale.",
         "Give a whole number and send the row again."),
    Kind("score_unreadable", "error", "cell", "The scale score is not a number.",
         "Correct the score and send the row again."),
    Kind("score_out_of_range", "error", "cell", "The scale score lies outside the possible range.",
         "Correct the score; make sure that it belongs to this scale and follows the instrument's rule."),
    Kind("item_unknown", "error", "cell", "The row names an item that the instrument does not have.",
         "Correct the item's name, or `items` in study.yaml."),
    Kind("item_twice", "error", "row", "The same item of the same form stands here twice, with different answers.",
         "Keep the right answer and send the form again."),
    Kind("form_twice", "error", "row", "The same form stands in the file more than once, with different answers; all its rows are held.",
         "Keep the right row, or correct participant or session, and send it again."),
    Kind("form_in_two_exports", "error", "row", "The exports {detail} make the same form of this row, with different answers: nothing tells whose they are.",
         "Tell the data manager: in study.yaml, the two exports need a column under `rater`, or another `rater_role` or `instrument`."),
    Kind("form_incomplete", "error", "row", "Another row of the same form is held, so the form cannot be trusted as a whole.",
         "Put the other row right; this one is then taken in with it."),
    # declared totals
    Kind("total_differs", "warning", "cell", "The total in the file is not the score that the instrument's key gives.",
         "Check how the site computes it (key, reversed items, rule). The form is published with the recomputed score."),
    Kind("total_unreadable", "warning", "cell", "The total in the file is not a number.",
         "Correct it or leave the column out. The form is published with the recomputed score."),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.code: kind for kind in _KINDS}
