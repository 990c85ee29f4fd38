"""Which source a site's `drop` means."""

from pathlib import Path
from urllib.parse import urlsplit

from alliance_etl.pull.filesystem import FileSystem
from alliance_etl.pull.redcap import RedcapExport
from alliance_etl.pull.source import Remote
from alliance_etl.pull.web import WebFolder
from alliance_etl.study.model import Redcap, Site


def remote_of(site: Site) -> Remote | None:
    """The source that a site's files are fetched from; None where they lie in a folder of this machine."""
    if isinstance(site.drop, Path):
        return None
    if isinstance(site.drop, Redcap):
        return RedcapExport(site.drop)
    scheme = urlsplit(site.drop).scheme.lower()
    if scheme in ("http", "https"):
        return WebFolder(site.drop, site.name)
    if scheme in ("sftp", "ssh"):
        from alliance_etl.pull.sftp import SftpFolder

        return SftpFolder(site.drop, site.name)
    return FileSystem(site.drop)
