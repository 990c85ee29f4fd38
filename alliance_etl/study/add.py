"""Adding exports to a study.yaml on disk: all of it, or nothing; what is written has been read and judged before."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alliance_etl.errors import ConfigurationError, StudyFileError
from alliance_etl.instruments.model import Instrument
from alliance_etl.study.insert import with_exports
from alliance_etl.study.load import check_against, load_study
from alliance_etl.study.model import Study
from alliance_etl.study.source import read_document, study_file

Exports = Mapping[str, Mapping[str, Any]]


def study_to_add_to(path: Path) -> Study | None:
    """The study as it stands, None where it has no sites yet. Raises StudyFileError where something is wrong in it."""
    if not _values(study_file(path)).get("sites"):
        return None
    return load_study(path)


def text_with(path: Path, site: str, title: str | None, exports: Exports, registry: Mapping[str, Instrument]) -> str:
    """The study.yaml with these exports, as text that has been found to be right. Raises StudyFileError."""
    file = study_file(path)
    before = file.read_bytes().decode("utf-8")
    after = with_exports(before, site, title, exports)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / file.name
        trial.write_bytes(after.encode("utf-8"))
        check_against(load_study(trial), registry)
        _check_added(_values(file), _values(trial), site, exports, file)
    return after


def _values(file: Path) -> Mapping[str, Any]:
    data = read_document(file).data
    return data if isinstance(data, Mapping) else {}


def _check_added(before: Mapping[str, Any], after: Mapping[str, Any], site: str, exports: Exports, file: Path) -> None:
    """Everything that was said is said still, and the exports besides."""
    old, new = before.get("sites") or {}, after["sites"]
    others = {name: said for name, said in new.items() if name != site}
    kept = {name: said for name, said in new[site]["exports"].items() if name not in exports}
    known = {name: said for name, said in old.items() if name != site}
    had = (old.get(site) or {}).get("exports", {})
    if others != known or kept != had or not set(exports) <= set(new[site]["exports"]):
        raise StudyFileError([f"{file.name}: nothing can be put below sites.{site} as it is written; add it by hand"])


def write_text(path: Path, text: str) -> None:
    """Replace study.yaml in one step; a link stays a link. ConfigurationError where the folder cannot be written."""
    file = Path(os.path.realpath(study_file(path)))
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            out.write(text.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
        shutil.copymode(file, part)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error


def make_drop_folder(study: Study, site: str) -> Path | None:
    """The folder in which a site's files land, made where it is not there; None where they are pulled."""
    drop = study.sites[site].drop
    if not isinstance(drop, Path):
        return None
    drop.mkdir(parents=True, exist_ok=True)
    return drop
