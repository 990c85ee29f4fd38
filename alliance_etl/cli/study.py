"""What a verb works with: the study, the registry of instruments and the promises of schemas/."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alliance_etl.cli.console import notes

if TYPE_CHECKING:
    from alliance_etl.instruments.registry import Registry
    from alliance_etl.night.night import Night
    from alliance_etl.night.promises import Promises
    from alliance_etl.study.model import Study


def open_study(path: Path) -> "tuple[Study, Registry]":
    """The study and the instruments that it knows. ConfigurationError where either is wrong.

    From here on `assets` and `schemas` can be imported in this process.
    """
    from alliance_etl.deployment import use_deployment
    from alliance_etl.instruments.registry import load_registry
    from alliance_etl.study.load import check_against, load_study

    use_deployment()
    study = load_study(path)
    registry = load_registry(study.folder / "instruments")
    check_against(study, registry)
    return study, registry


def promises_of_schemas() -> "Promises":
    """The tables and contracts that schemas/ declares; only after `open_study`."""
    from schemas.promises import promises

    return promises()


@contextmanager
def open_quietly(path: Path) -> "Iterator[Night]":
    """The study's night for a verb that only looks; it waits a minute for a run to end."""
    from alliance_etl.night.night import open_night

    study, registry = open_study(path)
    with open_night(study, registry, promises_of_schemas(), wait_seconds=60, on_wait=say_waiting) as night:
        yield night


def say_waiting() -> None:
    """The word to who waits for another run."""
    notes().print("another run is at work on this study; waiting for it to end …")
