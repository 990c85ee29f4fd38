"""Survey systems, recognised by the columns that only they write; what all their exports share is a preset's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alliance_etl.errors import ConfigurationError
from alliance_etl.proposal.model import NONE, Answers
from alliance_etl.proposal.table import Table
from alliance_etl.proposal.words import document
from alliance_etl.study.presets import presets
from alliance_etl.words import did_you_mean

_ROLES = ("participant", "session", "date", "therapist", "rater")


@dataclass(frozen=True)
class System:
    """A preset, why it is thought to be the right one, and the columns that it fills in, where they hold anything."""

    preset: str
    title: str
    why: str
    columns: Mapping[str, str]
    defaults: Mapping[str, Any]


def system_of(table: Table, answers: Answers) -> System | None:
    """The system that has written the file; None where nothing says so, or a person says that there is none."""
    given = answers.of("preset")
    if given == NONE:
        return None
    if given is not None and given not in presets():
        raise ConfigurationError(f'--preset: there is no preset "{given}"{did_you_mean(given, presets())}')
    if given is not None:
        return _system(given, "as you said", table)
    for preset, told in document()["systems"].items():
        signs = [name for name in told["columns"] if name in table.columns]
        signs += _status_columns(table) if "status" in told else []
        if preset in presets() and len(signs) >= int(told["at_least"]):
            shown = ", ".join(f'"{name}"' for name in signs[:3])
            return _system(preset, f"columns that {presets()[preset].title} writes: {shown}", table)
    return None


def _system(preset: str, why: str, table: Table) -> System:
    known = presets()[preset]
    columns = {
        role: column
        for role, column in known.defaults.items()
        if role in _ROLES and column in table.columns and table.columns[column].filled
    }
    return System(preset, known.title, why, columns, known.defaults)


def _status_columns(table: Table) -> list[str]:
    """REDCap's column of each form that says whether it is complete: 0, 1 or 2."""
    return [
        column.name
        for column in table.columns.values()
        if column.name.endswith("_complete") and column.filled and set(column.counts) <= {"0", "1", "2"}
    ]


def without_defaults(entry: dict[str, Any], system: System) -> dict[str, Any]:
    """The keys of an export that its preset does not fill in alike already."""
    kept = dict(entry)
    for key, value in system.defaults.items():
        if kept.get(key) == value:
            del kept[key]
        elif key in ("missing", "skip_rows") and isinstance(kept.get(key), dict):
            rest = {name: said for name, said in kept[key].items() if name not in value}
            kept = {**kept, key: rest} if rest else {name: said for name, said in kept.items() if name != key}
    return kept
