"""Which instruments are known: the built-in files, and those that a study adds or completes.

registry = load_registry(study.folder / "instruments")
registry["wai_sr_client"].require_key()
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from alliance_etl.deployment import deployment_root
from alliance_etl.errors import InstrumentFileError, UnknownInstrument
from alliance_etl.instruments import complaints, overlay
from alliance_etl.instruments.files import Unreadable, YamlFile, read_yaml
from alliance_etl.instruments.model import Conflict, Instrument, Source
from alliance_etl.words import nearest

BUILT_IN = "built in"
STUDY = "study"
COMPLETED = "built in, completed by the study"

_Model = TypeVar("_Model", bound=BaseModel)


class Registry(Mapping[str, Instrument]):
    """Instruments by id, in the order of their ids; an unknown id raises UnknownInstrument, which names the nearest."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        origins: Mapping[str, str],
        sources: Mapping[str, Source],
        conflicts: Mapping[str, Conflict],
    ) -> None:
        self._instruments = dict(sorted(instruments.items()))
        self._origins = dict(origins)
        self.sources = MappingProxyType(dict(sources))
        self.conflicts = MappingProxyType(dict(conflicts))

    def __getitem__(self, instrument_id: str) -> Instrument:
        try:
            return self._instruments[instrument_id]
        except KeyError:
            raise UnknownInstrument(instrument_id, nearest(instrument_id, list(self._instruments))) from None

    def get(self, instrument_id: str, default: Any = None) -> Any:
        return self._instruments.get(instrument_id, default)

    def __contains__(self, instrument_id: object) -> bool:
        return instrument_id in self._instruments

    def __iter__(self) -> Iterator[str]:
        return iter(self._instruments)

    def __len__(self) -> int:
        return len(self._instruments)

    def origin(self, instrument_id: str) -> str:
        """Who defines it: `built in`, `study`, or `built in, completed by the study`."""
        return self._origins[self[instrument_id].id]

    def fingerprint(self, instrument_id: str) -> str:
        """SHA-256 (hex) of the instrument as canonical JSON: changes whenever anything that it says changes."""
        content = self[instrument_id].model_dump(mode="json")
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def load_registry(study_instruments: Path | None = None) -> Registry:
    """The built-in instruments, with those of a study's `instruments/` folder (which need not exist) laid over them.

    A study's file with the id of a built-in instrument completes it: the keys that it gives replace the built-in ones,
    mappings key by key, lists as a whole. Any other id is a new instrument. Raises InstrumentFileError with every
    culprit of every file.
    """
    schemas = deployment_root() / "schemas"
    problems: list[str] = []
    sources = _references(schemas / "sources.yaml", Source, problems)
    conflicts = _references(schemas / "conflicts.yaml", Conflict, problems)
    known = _by_id(_read(schemas / "instruments", "schemas/instruments", problems), problems)
    added = _by_id(_read(study_instruments, "instruments", problems), problems) if study_instruments else {}

    cites = partial(complaints.dangling, sources=sources, conflicts=conflicts)
    instruments: dict[str, Instrument] = {}
    origins: dict[str, str] = {}
    for name in known | added:
        content = overlay.laid_over(known.get(name), added.get(name))
        file = added.get(name) or known[name]
        instrument = _instrument(file, content, list(known), problems)
        if instrument:
            problems += [file.problem(place, message) for place, message in cites(instrument)]
            instruments[name] = instrument
            origins[name] = BUILT_IN if name not in added else COMPLETED if name in known else STUDY
    if problems:
        raise InstrumentFileError(problems)
    return Registry(instruments, origins, sources, conflicts)


def _read(folder: Path, shown_as: str, problems: list[str]) -> Iterator[YamlFile]:
    paths = (path for path in folder.glob("*.y*ml") if path.suffix in {".yaml", ".yml"} and path.name[0] not in ".~")
    for path in sorted(paths):
        try:
            yield read_yaml(path, f"{shown_as}/{path.name}")
        except Unreadable as error:
            problems += error.problems


def _by_id(files: Iterator[YamlFile], problems: list[str]) -> dict[str, YamlFile]:
    found: dict[str, YamlFile] = {}
    for file in files:
        name = file.content.get("id")
        if not isinstance(name, str):
            problems.append(file.problem(("id",), "missing; expected the id of a form, as in `id: wai_sr_client`"))
        elif name in found:
            other = found[name].name
            problems.append(file.problem(("id",), f"{name} is in {other} too; expected one file for each id"))
        else:
            found[name] = file
    return found


def _instrument(file: YamlFile, content: dict[str, Any], ids: list[str], problems: list[str]) -> Instrument | None:
    try:
        return Instrument.model_validate(content)
    except ValidationError as error:
        problems += complaints.of_validation(file, error, ids)
        return None


def _references(path: Path, model: type[_Model], problems: list[str]) -> dict[str, _Model]:
    """The entries of sources.yaml or conflicts.yaml by their ids."""
    found: dict[str, _Model] = {}
    try:
        file = read_yaml(path, f"schemas/{path.name}")
    except Unreadable as error:
        problems += error.problems
        return found
    for name, entry in file.content.items():
        try:
            found[name] = model.model_validate(entry)
        except ValidationError as error:
            problems += [file.problem((name, *each["loc"]), each["msg"]) for each in error.errors()]
    return found
