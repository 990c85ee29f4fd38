"""Files that are fetched instead of dropped: from any file system that fsspec knows, and from REDCap's API.

What belongs here is how a source is listed and read, and in what words it fails; what a file is worth is the intake's.
"""

from alliance_etl.pull.source import Remote, RemoteFile, SourceDown
from alliance_etl.pull.sources import remote_of

__all__ = ["Remote", "RemoteFile", "SourceDown", "remote_of"]
