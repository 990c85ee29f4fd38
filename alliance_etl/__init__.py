"""alliance-etl: therapeutic-alliance questionnaires of many clinics, harmonised onto goals, tasks and bond.

The public surface, the same in a notebook as in the nightly job:

    score(frame, "wai_sr_client", items="wai_{n}")   scores and components, beside the columns that the frame has
    load_registry()                                  the instruments by id
    load_study("study.yaml")                         a study's sites, exports and rules

and the exceptions (alliance_etl.errors, alliance_etl.scoring.errors). Everything else may move between versions.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from alliance_etl.errors import (
    AllianceError,
    ConfigurationError,
    InstrumentFileError,
    KeyNeeded,
    NotChecked,
    RunFailed,
    StudyFileError,
    StudyLocked,
    UnknownInstrument,
)

if TYPE_CHECKING:
    from alliance_etl.instruments.registry import load_registry
    from alliance_etl.scoring.errors import (
        AnswersNotScorable,
        ColumnsTaken,
        ItemColumnsWrong,
        ProvisionalKey,
        ScoringError,
    )
    from alliance_etl.scoring.score import score
    from alliance_etl.study.load import load_study

    __version__: str

__all__ = [
    "AllianceError",
    "AnswersNotScorable",
    "ColumnsTaken",
    "ConfigurationError",
    "InstrumentFileError",
    "ItemColumnsWrong",
    "KeyNeeded",
    "NotChecked",
    "ProvisionalKey",
    "RunFailed",
    "ScoringError",
    "StudyFileError",
    "StudyLocked",
    "UnknownInstrument",
    "__version__",
    "load_registry",
    "load_study",
    "score",
]

# loaded at first use: narwhals, pydantic and YAML take half a second that `alliance-etl --help` need not wait for
_HOMES = {
    "AnswersNotScorable": "alliance_etl.scoring.errors",
    "ColumnsTaken": "alliance_etl.scoring.errors",
    "ItemColumnsWrong": "alliance_etl.scoring.errors",
    "ProvisionalKey": "alliance_etl.scoring.errors",
    "ScoringError": "alliance_etl.scoring.errors",
    "load_registry": "alliance_etl.instruments.registry",
    "load_study": "alliance_etl.study.load",
    "score": "alliance_etl.scoring.score",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # costs more than the rest of this module

        return version("alliance-etl")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
