"""systemd units of one study: Dagster's daemon and page, and a daily backup, with the study's own paths in them."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from alliance_etl.errors import ConfigurationError
from alliance_etl.state.layout import written_whole
from alliance_etl.study.model import Study

UNITS = ("alliance-daemon.service", "alliance-webserver.service")
BACKUP_UNITS = ("alliance-backup.service", "alliance-backup.timer")

# What a unit's line can hold without quotes: systemd gives spaces, %, $, \ and quotes meanings of their own.
_PLAIN = re.compile(r"[\w./+:@-]+")


@dataclass(frozen=True)
class Wanted:
    """What the units say. `programs` is the folder of the commands, `memory` as systemd spells it (4G)."""

    user: str
    home: Path
    port: int = 3000
    memory: str = "4G"
    backup: Path | None = None
    programs: Path = Path(sys.executable).parent


def units_of(study: Study, wanted: Wanted) -> dict[str, str]:
    """Name of a unit → its text; the names carry the study's, so that one machine can keep several.

    Raises ConfigurationError for a path or name that a unit cannot hold as it is.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    writable = [study.folder, *([] if wanted.home.is_relative_to(study.folder) else [wanted.home])]
    names = UNITS + (BACKUP_UNITS if wanted.backup else ())
    words = {
        "slug": study.slug,
        "user": wanted.user,
        "folder": study.folder,
        "home": wanted.home,
        "port": wanted.port,
        "memory": wanted.memory,
        "backup": wanted.backup,
        "programs": wanted.programs,
        "writable": writable,
    }
    paths = (*writable, wanted.programs, *([wanted.backup] if wanted.backup else []))
    for word in (wanted.user, wanted.memory, *map(str, paths)):
        if not _PLAIN.fullmatch(word):
            raise ConfigurationError(
                f"{word!r} cannot stand in a systemd unit; use a name of letters, digits, and . _ - / only"
            )
    title = " ".join(study.title.split()).replace("%", "%%")
    templates = Environment(  # noqa: S701 - no HTML
        loader=PackageLoader("alliance_etl.units", ""), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return {
        named(name, study.slug): templates.get_template(f"{name}.jinja").render(title=title, **words) for name in names
    }


def named(unit: str, slug: str) -> str:
    """alliance-daemon.service of the study north_star is alliance-north_star-daemon.service."""
    return unit.replace("alliance-", f"alliance-{slug}-", 1)


def write_units(units: dict[str, str], folder: Path) -> list[Path]:
    """Write them; a unit that is there is replaced. ConfigurationError where the folder cannot be written."""
    try:
        for name, text in units.items():
            with written_whole(folder / name) as draft:
                draft.write_text(text, encoding="utf-8")
                draft.chmod(0o644)
    except OSError as trouble:
        raise ConfigurationError(f"{folder} cannot be written: {trouble.strerror}; choose another folder") from trouble
    return [folder / name for name in units]
