"""What Dagster may keep of an exception: the event log is no place for a person's answer or id."""

import traceback
from pathlib import PurePath
from types import TracebackType

import dagster as dg

from alliance_etl.errors import AllianceError


class Plainly:
    """Turns an exception of the statements below into a Failure that quotes nobody; `error` keeps the exception.

    An interruption passes through unchanged, and is in `error` as a KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> "Plainly":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, Exception):
            self.error = error
            raise dg.Failure(description=told_plainly(error), allow_retries=False) from None
        if error is not None:
            self.error = KeyboardInterrupt()


def told_plainly(error: Exception) -> str:
    """The words of our own errors; of the system's, reason and path; of any other, only where it happened.

    The text of any other exception might quote a cell of a clinic's file.
    """
    if isinstance(error, AllianceError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    places = (
        f"  {PurePath(frame.filename).name}, line {frame.lineno}, in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-8:]
    )
    return "\n".join(
        (f"{type(error).__name__}, a bug (its text is left out, since it might quote an answer), at", *places)
    )
