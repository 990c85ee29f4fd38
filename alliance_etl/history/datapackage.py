"""datapackage.json (Data Package v2) and CITATION.cff (1.2.0) of a release, from the declarations of its tables."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from alliance_etl.night.news import content_hash
from alliance_etl.tables import Column, Table

_TYPES = {
    "VARCHAR": "string",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "TINYINT": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMPTZ": "datetime",
}
_LICENCES = {
    "CC-BY-4.0": ("Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC-BY-NC-4.0": (
        "Creative Commons Attribution-NonCommercial 4.0",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    ),
    "CC0-1.0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "ODbL-1.0": ("Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
}
KEYWORDS = ("therapeutic alliance", "psychotherapy", "questionnaire")


def datapackage(
    about: Mapping[str, Any], tables: Sequence[Table], files: Mapping[str, Sequence[Path]], folder: Path
) -> dict[str, Any]:
    """The descriptor. `about` has name, study, title, created, version, authors and license; `files` are the tables'
    Parquet files below `folder`.
    """
    licence = about["license"]
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"{about['study']}-{about['name']}".replace("_", "-"),
        "title": f"{about['title']}, release {about['name']}",
        "description": "Therapeutic-alliance questionnaires of several sites, harmonised onto goals, tasks and bond. "
        "Participants, therapists and raters are pseudonyms.",
        "version": about["name"],
        "created": about["created"],
        "keywords": list(KEYWORDS),
        "contributors": [{"title": author, "roles": ["author"]} for author in about["authors"]],
        **({"licenses": [_licence(licence)]} if licence else {}),
        "resources": [_resource(table, files[table.name], folder) for table in tables if files.get(table.name)],
    }


def _licence(name: str) -> dict[str, str]:
    title, path = _LICENCES.get(name, (name, ""))
    return {"name": name, "title": title, **({"path": path} if path else {})}


def _resource(table: Table, files: Sequence[Path], folder: Path) -> dict[str, Any]:
    paths = [path.relative_to(folder).as_posix() for path in files]
    single = {"path": paths[0], "bytes": files[0].stat().st_size, "hash": f"sha256:{content_hash(files[0])}"}
    return {
        "name": table.name,
        "title": table.name,
        "description": table.description,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        **(single if len(paths) == 1 else {"path": paths}),
        "schema": {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": [_field(column) for column in table.columns],
            **({"primaryKey": list(table.key)} if table.key else {}),
        },
    }


def _field(column: Column) -> dict[str, Any]:
    limits: dict[str, Any] = {"required": True} if column.required else {}
    if column.values:
        limits["enum"] = list(column.values)
    limits |= {
        name: int(end) if _TYPES[column.type] == "integer" else end
        for name, end in (("minimum", column.low), ("maximum", column.high))
        if end is not None
    }
    unit = f" [{column.unit}]" if column.unit else ""
    return {
        "name": column.name,
        "type": _TYPES[column.type],
        "description": f"{column.description}{unit}",
        **({"constraints": limits} if limits else {}),
    }


def citation(about: Mapping[str, Any]) -> str:
    """CITATION.cff. An author written as "Family, Given" is a person, anything else an entity."""
    document = {
        "cff-version": "1.2.0",
        "message": "If you use these data, please cite them as below.",
        "type": "dataset",
        "title": about["title"],
        "version": about["name"],
        "date-released": str(about["created"])[:10],
        "authors": [_author(author) for author in about["authors"]],
        "keywords": list(KEYWORDS),
        **({"license": about["license"]} if about["license"] in _LICENCES else {}),
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _author(author: str) -> dict[str, str]:
    family, comma, given = author.partition(",")
    if comma and re.search(r"\w", given):
        return {"family-names": family.strip(), "given-names": given.strip()}
    return {"name": author.strip()}
