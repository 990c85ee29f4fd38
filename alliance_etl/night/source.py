"""The bytes of a drop, as they were archived, wherever they can be read most cheaply."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from alliance_etl.night.news import DroppedFile, is_untouched
from alliance_etl.state.archive import Archive

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """One archived content. `file` is where it was dropped, if it still lies there; `folder` takes nameless files."""

    archive: Archive
    sha256: str
    folder: Path
    file: DroppedFile | None = None

    def read(self, reader: Callable[[Path], T]) -> T:
        """What `reader` makes of the bytes: from the dropped file if nobody touched it meanwhile, else from the
        archive.
        """
        if self.file is not None and is_untouched(self.file):
            made = reader(self.file.path)
            if is_untouched(self.file):
                return made
        with self.archive.opened(self.sha256, self.folder) as path:
            return reader(path)
