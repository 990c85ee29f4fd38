"""`mortal://`: a folder of this machine as a remote source, which says each step of being listed and read.

`reach` is what a night that may die sets, to be told of each step.
"""

from collections.abc import Callable
from typing import Any

from fsspec.implementations.local import LocalFileSystem
from fsspec.registry import known_implementations

# Small, so that a file of a few lines is fetched in several pieces.
PIECE = 16

reach: Callable[[str], None] = lambda _: None  # noqa: E731 - replaced as a whole


def register() -> None:
    """Make the scheme known to this process."""
    known_implementations["mortal"] = {"class": f"{__name__}.MortalFiles"}


class MortalFiles(LocalFileSystem):
    """Files below a folder; a listing and each piece of a file are steps."""

    protocol = "mortal"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(str(path).removeprefix("mortal://"))

    def ls(self, path: str, detail: bool = False, **options: Any) -> Any:
        reach("list the source")
        return super().ls(path, detail=detail, **options)

    def open(self, path: str, mode: str = "rb", **options: Any) -> "MortalFile":
        return MortalFile(super().open(path, mode, **options))


class MortalFile:
    """A file that is read in small pieces."""

    def __init__(self, file: Any) -> None:
        self.file, self.pieces = file, 0

    def read(self, _: int = -1) -> bytes:
        reach(f"fetch piece {self.pieces}")
        self.pieces += 1
        return bytes(self.file.read(PIECE))

    def __enter__(self) -> "MortalFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
