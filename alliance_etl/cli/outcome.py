"""How a verb ends: what is said on stderr, and the exit status (contract, section 3).

0 done; 1 done, with findings (`check` only); 2 wrong usage or configuration; 3 failed, and what was published
before still stands; 130 interrupted; 141 nobody reads the output any more.
"""

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

import typer

from alliance_etl.errors import AllianceError, ConfigurationError, told_plainly

DONE, FINDINGS, MISUSED, FAILED, INTERRUPTED, UNREAD = 0, 1, 2, 3, 130, 141


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """Make a function a verb: whatever it raises becomes a sentence and an exit status."""

    @functools.wraps(function)
    def told(**options: object) -> None:
        with _Told(as_json=bool(options.get("as_json")), verbose=bool(options.get("verbose"))):
            function(**options)

    return told


def status_of(error: BaseException) -> int:
    """The exit status that an exception means."""
    if isinstance(error, ConfigurationError):
        return MISUSED
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return UNREAD if isinstance(error, BrokenPipeError) else FAILED


def words_of(error: BaseException, *, verbose: bool) -> str:
    """What to tell a person of an exception.

    The text of an exception that is not our own might quote a cell of a clinic's file, and stderr ends up in logs: of
    a bug only the place is told, its text with --verbose.
    """
    if isinstance(error, AllianceError | KeyboardInterrupt | MemoryError):
        return told_plainly(error)
    if isinstance(error, OSError) and error.strerror and not verbose:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if verbose:
        return "".join(traceback.format_exception(error))
    frames = "".join(traceback.format_tb(error.__traceback__))
    return (
        f"Traceback (most recent call last):\n{frames}{type(error).__name__}\n"
        "This is a bug. The error's own text is left out, since it might quote an answer: --verbose shows it."
    )


def tell(error: BaseException, *, verbose: bool = False) -> None:
    """Say on stderr what went wrong."""
    sys.stderr.write(f"alliance-etl: {words_of(error, verbose=verbose)}\n")


class _Told:
    """Around a verb: its exception as words on stderr, as a JSON document where that was asked for, and as a status."""

    def __init__(self, *, as_json: bool, verbose: bool) -> None:
        self._as_json = as_json
        self._verbose = verbose

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None or isinstance(error, typer.Exit | typer.TyperException | SystemExit):
            return
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            tell(error, verbose=self._verbose)
            if self._as_json:
                print(json.dumps({"error": words_of(error, verbose=False)}))
        raise typer.Exit(status_of(error)) from None
