"""Presets: what the exports of one survey system have in common, as keys of an export that a study need not write.

The presets themselves are data (presets.yaml), in the form of study.yaml. They are filled in before anything is
checked, so what stands in study.yaml wins, and a key that a preset fills in is not missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from alliance_etl.study.document import Document
from alliance_etl.study.fields import wrong
from alliance_etl.words import did_you_mean, nearest

_FILE = Path(__file__).with_name("presets.yaml")


@dataclass(frozen=True)
class Preset:
    """A survey system's name for people, and the keys that an export of it has in common with all others."""

    title: str
    defaults: Mapping[str, Any]


@cache
def presets() -> Mapping[str, Preset]:
    """All presets by the name that study.yaml gives them."""
    said = Document(_FILE.read_text(encoding="utf-8"), verbatim=frozenset({"skip_rows"})).data
    return {name: Preset(keys["title"], keys["defaults"]) for name, keys in said.items()}


def filled_in(export: Mapping[str, Any]) -> Mapping[str, Any]:
    """An export's keys with those that its preset fills in. Mappings are put together, the export's entries winning,
    as are optional columns; a key or an entry with nothing after its colon takes the preset's away.

    An unknown preset fills in what the nearest one would, so that its name is all that is told to be wrong.
    """
    name = export.get("preset")
    if not isinstance(name, str):
        return export
    preset = presets().get(nearest(name, presets()) or "")
    if preset is None:
        return export
    return {**preset.defaults, **{key: _over(preset.defaults, key, value) for key, value in export.items()}}


def _over(defaults: Mapping[str, Any], key: str, written: Any) -> Any:
    """What is written over a default: entry by entry where both are mappings."""
    default = defaults.get(key)
    if isinstance(default, Mapping) and isinstance(written, Mapping):
        taken_away = {entry for entry, value in written.items() if value is None and entry in default}
        return {entry: value for entry, value in {**default, **written}.items() if entry not in taken_away}
    if key == "optional_columns" and isinstance(default, list) and isinstance(written, list):
        return [*default, *written]
    return written


def _known(name: str) -> str:
    if name not in presets():
        raise wrong(f'no preset "{name}"{did_you_mean(name, presets())}')
    return name


PresetName = Annotated[str, AfterValidator(_known), WithJsonSchema({"enum": list(presets())})]
