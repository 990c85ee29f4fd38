"""The exceptions of alliance_etl, one class per failure.

    AllianceError
    ├── ConfigurationError      study.yaml or an instrument file is wrong; command line exit status 2
    │   ├── StudyFileError
    │   ├── InstrumentFileError
    │   ├── UnknownInstrument
    │   └── KeyNeeded           the instrument has no verified key: the study must supply one
    └── RunFailed               the night could not be finished; exit status 3, the last publication stands
        ├── StudyLocked         another run is at work on this study
        └── NotChecked          a check could not run, which is never a pass

What a *site* sent is never an exception: it becomes a finding. A message names the place, the culprit and the
remedy, and never a person's answer or id.
"""

import traceback
from pathlib import PurePath


class AllianceError(Exception):
    """The root of this package's errors; its text is meant for the person at the command line."""


class ConfigurationError(AllianceError):
    """study.yaml, an instrument file or the command line asks for something that cannot be."""


class StudyFileError(ConfigurationError):
    """study.yaml is wrong; `problems` holds every culprit, each a sentence with file, line and key."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class InstrumentFileError(ConfigurationError):
    """An instrument's YAML is wrong; `problems` holds every culprit."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class UnknownInstrument(ConfigurationError):
    """No instrument of that id is in the registry."""

    def __init__(self, instrument_id: str, nearest: str | None) -> None:
        self.instrument_id = instrument_id
        hint = f"; did you mean {nearest}?" if nearest else ""
        super().__init__(
            f"no instrument {instrument_id!r} in the registry{hint} (alliance-etl instruments lists them all)"
        )


class KeyNeeded(ConfigurationError):
    """The registry knows the form but no verified key for it, so nothing is scored by guess."""

    def __init__(self, instrument_id: str, missing: list[str]) -> None:
        self.instrument_id = instrument_id
        self.missing = tuple(missing)
        super().__init__(
            f"instrument {instrument_id!r} needs a key from the study: {', '.join(missing)} could not be verified. "
            f"Complete it in instruments/{instrument_id}.yaml beside study.yaml with `status: built_in` "
            f"(alliance-etl instruments {instrument_id} shows what is known)"
        )


class RunFailed(AllianceError):
    """A night that could not be finished."""


class StudyLocked(RunFailed):
    """Another run holds the study's lock."""


class NotChecked(RunFailed):
    """A check did not run; nothing is published past it."""


def told_plainly(error: BaseException) -> str:
    """The words of our own errors; of the system's, reason and path; of any other, only where it happened.

    The text of any other exception might quote a cell of a clinic's file.
    """
    if isinstance(error, AllianceError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; the last publication stands, and the next run picks up where this one ended"
    if isinstance(error, MemoryError):
        return (
            "there is not enough memory left on this machine. End other programs, or split the largest files, and run "
            "again; what was published before still stands"
        )
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    places = (
        f"  {PurePath(frame.filename).name}, line {frame.lineno}, in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-8:]
    )
    return "\n".join(
        (f"{type(error).__name__}, a bug (its text is left out, since it might quote an answer), at", *places)
    )
