"""Names that follow from a file's: the glob that finds its successors, a site's short name, an export's."""

import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePath

from alliance_etl.instruments.model import Instrument
from alliance_etl.proposal.words import varying


def glob_of(filename: str) -> str:
    """The file's name up to where the deliveries differ (a number, a month, a wave), and the end of the name.

    What differs at the beginning gives way to a star, too.
    """
    path = PurePath(filename.removesuffix(".gz").removesuffix(".zip"))
    parts = re.findall(r"[^\W\d_]+|\d+|[\W_]+", path.stem)
    words = [part for part in parts if any(map(str.isalnum, part))]
    start = next((at for at, part in enumerate(parts) if part in words and not _varies(part)), None)
    if start is None:
        return (_escaped(parts[0]) if words and not words[0].isdigit() else "") + "*" + path.suffix
    stop = next((at for at in range(start, len(parts)) if _varies(parts[at])), len(parts))
    kept = "".join(parts[start:stop])
    kept = re.sub(r"[\s_.(-]+$", "", kept)
    return "*" * (start > 0) + _escaped(kept) + "*" + path.suffix


def _varies(part: str) -> bool:
    return part.isdigit() or part.casefold() in varying()


def _escaped(text: str) -> str:
    return re.sub(r"([\[\]?*])", "[\\1]", text)


def is_slug(name: str) -> bool:
    """Whether a name may be a site's short name."""
    return re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) is not None


def slug_of(name: str) -> str:
    """A name as a short name of study.yaml."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_") or "site"


def export_name(instrument: Instrument, taken: Collection[str]) -> str:
    """The family's name, with the role where it is no client's; the id where those are taken."""
    family = slug_of(instrument.family)
    role = instrument.rater_roles[0]
    wished = [family if role == "client" else f"{family}_{role}", instrument.id]
    wished += [f"{instrument.id}_{n}" for n in range(2, 100)]
    return next(name for name in wished if name not in taken)
