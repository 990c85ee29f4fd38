"""What Dagster may keep of an exception: the event log is no place for a person's answer or id."""

from types import TracebackType

import dagster as dg

from alliance_etl.errors import told_plainly


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
