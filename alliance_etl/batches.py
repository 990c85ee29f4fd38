"""Work cut into batches of bounded size."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def batches(things: Iterable[T], size: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """The things, in their order, in batches whose sizes add up to at most `most` (or of one thing)."""
    batch: list[T] = []
    total = 0
    for thing in things:
        if batch and total + size(thing) > most:
            yield batch
            batch, total = [], 0
        batch.append(thing)
        total += size(thing)
    if batch:
        yield batch
