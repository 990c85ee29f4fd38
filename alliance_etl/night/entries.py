"""What stands under a name in a drop folder: a file, or something that only looks like one.

A site that may write into its folder must not be able to have another file read as its own: a link there could lead to
another site's answers, or to the study's key. So a link is followed only where the user of the nights, or root, has
made it, and never into the study. A pipe would keep the night waiting.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alliance_etl.study.source import STUDY_FILE

_ROOT = 0
_FOREIGN = "is a link that another user has made, and is not followed; put the file itself there"
_INWARD = "is a link into the study's own folder, and is not followed; remove it"
_NOWHERE = "is a link that leads nowhere; put the file itself there"
_NO_FILE = "is no file but a pipe, a socket or a device; remove it"


@dataclass(frozen=True)
class Entry:
    """`stat` is the file's, or that of the file that a link leads to; `refused` says why nothing is read there."""

    kind: Literal["file", "folder", "other"]
    stat: os.stat_result
    linked: bool = False
    refused: str | None = None


def look_at(path: Path) -> Entry | None:
    """What stands there; None where it has gone. OSError where it cannot be looked at."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return _link(path, found)
    kind = _kind(found)
    return Entry(kind, found, refused=_NO_FILE if kind == "other" else None)


def _link(path: Path, link: os.stat_result) -> Entry:
    try:
        found = path.stat()
    except OSError:  # nothing there, a circle, or nothing that this user may see
        return Entry("other", link, linked=True, refused=_NOWHERE)
    kind = _kind(found)
    refused = None
    if kind == "other":
        refused = _NO_FILE
    elif kind == "file" and link.st_uid not in (_ROOT, os.geteuid()):
        refused = _FOREIGN
    elif kind == "file" and _is_inward(path):
        refused = _INWARD
    return Entry("other" if refused else kind, found, linked=True, refused=refused)


def _is_inward(path: Path) -> bool:
    """Whether a link leads to a file below any study, other than one beside it."""
    target = path.resolve()
    if target.parent == path.parent.resolve():
        return False
    return any((folder / STUDY_FILE).is_file() for folder in target.parents)


def _kind(found: os.stat_result) -> Literal["file", "folder", "other"]:
    if stat.S_ISREG(found.st_mode):
        return "file"
    return "folder" if stat.S_ISDIR(found.st_mode) else "other"
