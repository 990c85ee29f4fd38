"""Names that follow from a file's: the glob that finds its successors, a site's short name, an export's."""

import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePath

from alliance_etl.instruments.model import Instrument
from alliance_etl.proposal.words import varying


def glob_of(filename: str) -> str:
    """The file's name up to where the deliveries differ (a number, a month, a wave), and the end of the name."""
    name = filename.removesuffix(".gz").removesuffix(".zip")
    path = PurePath(name)
    kept = []
    for part in re.findall(r"[^\W\d_]+|\d+|[\W_]+", path.stem):
        if part.isdigit() or part.casefold() in varying():
            break
        kept.append(part)
    stem = "".join(kept)
    stem = re.sub(r"[\s_.(-]+$", "", stem) if len(kept) > 1 else stem
    return re.sub(r"([\[\]?*])", "[\\1]", stem) + "*" + path.suffix


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
