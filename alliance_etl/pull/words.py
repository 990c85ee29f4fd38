"""What is said of a source, and which variables of the environment hold what must not be written down."""

import os
from urllib.parse import urlsplit, urlunsplit

from alliance_etl.pull.source import SourceDown


def shown_url(url: str) -> str:
    """A URL without user, query and the like."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def variable_name(site: str, name: str) -> str:
    """The environment variable with a site's USER, PASSWORD and so on."""
    return f"ALLIANCE_{site.upper().replace('-', '_')}_{name}"


def variable(site: str, name: str) -> str | None:
    """The value of that variable, where it is set to anything."""
    return os.environ.get(variable_name(site, name)) or None


def too_many(where: str, most: int) -> SourceDown:
    return SourceDown(
        f"{where}: it holds more than {most:,} files; give the site a folder of its own, or raise `limits.files`",
        lasting=True,
    )
