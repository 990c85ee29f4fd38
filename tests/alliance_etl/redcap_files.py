"""A small REDCap project as REDCap exports it: what the tests of REDCap's exports drop.

The columns stand in REDCap's order: the record, then what is about the row, then form by form with its `_complete`.
"""

import csv
import io
from collections.abc import Iterable, Mapping

# One row of the export: event, repeat instrument and instance, and the fields that it fills.
Row = Mapping[str, str]

RAW = (
    "record_id",
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "redcap_data_access_group",
    "age",
    "symptoms___1",
    "symptoms___2",
    "demographics_complete",
    "pocket_date",
    "pocket_1",
    "pocket_2",
    "pocket_3",
    "pocket_complete",
)
LABELS = (
    "Record ID",
    "Event Name",
    "Repeat Instrument",
    "Repeat Instance",
    "Data Access Group",
    "Age",
    "Symptoms (choice=Sleep)",
    "Symptoms (choice=Mood)",
    "Complete?",
    "Date of the form",
    "We agree about goals",
    "We agree about tasks",
    "I feel liked",
    "Complete?",
)
_LABELLED = dict(zip(RAW, LABELS, strict=True))


def raw(*rows: Row, without: Iterable[str] = ()) -> str:
    """The raw export of these rows, less some columns."""
    return _written([name for name in RAW if name not in set(without)], rows)


def labelled(*rows: Row) -> str:
    """The export with labels of these rows: the header too, where the two `_complete` have one name."""
    text = _written(list(RAW), rows)
    return ",".join(f'"{label}"' for label in LABELS) + text[text.index("\n") :]


def demographics(record: str, event: str = "", complete: str = "2") -> Row:
    ticks = {"symptoms___1": "1", "symptoms___2": "0"}
    return {"record_id": record, "redcap_event_name": event, "age": "41", **ticks, "demographics_complete": complete}


def pocket(record: str, answers: str, event: str = "", *, instance: str = "", complete: str = "2", **more: str) -> Row:
    """The form `pocket` with its three answers, spaces between: "4 5 2"; a repeating form where it has an instance."""
    fields = dict(zip(("pocket_1", "pocket_2", "pocket_3"), answers.split(" "), strict=True))
    repeat = {"redcap_repeat_instrument": "pocket", "redcap_repeat_instance": instance} if instance else {}
    return {"record_id": record, "redcap_event_name": event, **repeat, **fields, "pocket_complete": complete, **more}


def _written(names: list[str], rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
