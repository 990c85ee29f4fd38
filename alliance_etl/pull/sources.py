"""Which source a site's `drop` means."""

from pathlib import Path

from alliance_etl.pull.filesystem import FileSystem
from alliance_etl.pull.redcap import RedcapExport
from alliance_etl.pull.source import Remote
from alliance_etl.study.model import Redcap, Site


def remote_of(site: Site) -> Remote | None:
    """The source that a site's files are fetched from; None where they lie in a folder of this machine."""
    if isinstance(site.drop, Path):
        return None
    return RedcapExport(site.drop) if isinstance(site.drop, Redcap) else FileSystem(site.drop, site.name)
