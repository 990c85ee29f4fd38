"""Where a site's files come from: a folder, a URL of any file system that fsspec knows, or REDCap's API.

What belongs here is what study.yaml may say of it; going there is alliance_etl.pull's.
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from alliance_etl.study.fields import Slug, Text, is_url, wrong
from alliance_etl.study.strict import Strict
from alliance_etl.words import did_you_mean

# The packages that a scheme's file system needs beyond fsspec, all of them in the extra `remote`.
_DRIVERS = {
    "s3": ("s3fs",),
    "s3a": ("s3fs",),
    "sftp": ("paramiko",),
    "ssh": ("paramiko",),
    "http": ("requests",),
    "https": ("requests",),
}
_INSTALL = 'pip install "alliance-etl[remote]"'
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.password is not None:
        raise wrong(
            "a password stands in the URL; take it out and give it in the environment "
            "(docs/sources.md names the variable)"
        )
    scheme = parts.scheme.lower()
    known = _known_schemes()
    if scheme not in known:
        raise wrong(f'no file system "{scheme}"{did_you_mean(scheme, known)}')
    lacking = [package for package in _DRIVERS.get(scheme, ()) if find_spec(package) is None]
    if lacking:
        raise wrong(f"{scheme}:// needs {', '.join(lacking)}, which is not installed; run: {_INSTALL}")
    return value


def _known_schemes() -> list[str]:
    from fsspec.registry import known_implementations

    return list(known_implementations)


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value) or re.fullmatch(r"[0-9A-F]{32}", value):
        raise wrong(
            "expected the NAME of the environment variable that holds the token, such as BERLIN_REDCAP_TOKEN; "
            "the token itself does not belong into study.yaml"
        )
    return value


def _api(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.netloc or parts.username is not None:
        raise wrong("expected the address of REDCap's API, such as https://redcap.example.org/api/")
    if find_spec("requests") is None:
        raise wrong(f"REDCap's API needs requests, which is not installed; run: {_INSTALL}")
    return value


class Redcap(Strict):
    """A REDCap project, asked through its API each night: a report, or the records."""

    redcap: Annotated[str, AfterValidator(_api)] = Field(description="Address of the API: https://…/api/.")
    token: Annotated[str, AfterValidator(_variable)] = Field(
        description="Name of the environment variable that holds the project's API token."
    )
    report: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Number of the report to export; left out, the records are exported."
    )
    forms: tuple[Slug, ...] = Field(default=(), description="Only these REDCap instruments (records only).")
    fields: tuple[Text, ...] = Field(default=(), description="Only these fields (records only).")
    events: tuple[Text, ...] = Field(default=(), description="Only these events (records only).")
    labels: bool = Field(default=False, description="true: labels instead of codes, in header and cells.")
    file: Text = Field(default="redcap.csv", description="Name that the export goes by, for `files` of the exports.")


def _place(value: Any) -> Any:
    """A text that is a URL is checked as one; a folder becomes a path; a mapping is REDCap's."""
    if isinstance(value, str):
        return _url(value) if is_url(value) else Path(value)
    return value


def _kind(value: Any) -> str:
    return "folder" if isinstance(value, Path) else "url" if isinstance(value, str) else "api"


Place = Annotated[
    Annotated[Path, Tag("folder")] | Annotated[str, Tag("url")] | Annotated[Redcap, Tag("api")],
    Discriminator(_kind),
    BeforeValidator(_place),
]
