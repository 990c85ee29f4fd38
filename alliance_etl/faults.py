"""What cannot be true of a file that people write: each fault with its place, all told by one error of pydantic."""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic_core import PydanticCustomError

FAULTS = "faults"
"""The type of that error."""


class Fault(NamedTuple):
    """One thing that cannot be: its place as a path of keys below the whole that was judged, and a sentence."""

    place: tuple[str | int, ...]
    message: str


def refuse(faults: Iterable[Fault]) -> None:
    """Raise one pydantic error that carries all faults (`ctx["faults"]`); nothing where there are none."""
    every = list(faults)
    if every:
        text = "; ".join(f"{'.'.join(map(str, fault.place))}: {fault.message}" for fault in every)
        raise PydanticCustomError(FAULTS, "{text}", {"text": text, "faults": every})
