"""REDCap's API: one export a night, by the parameters that its documentation gives for reports and records."""

import json
import os
from dataclasses import dataclass
from typing import Any, BinaryIO

from alliance_etl.pull.answers import CONNECT_SECONDS, copy, judge, trusted
from alliance_etl.pull.source import MOST_FILES, RemoteFile, SourceDown, Told
from alliance_etl.pull.words import shown_url
from alliance_etl.study.places import Redcap

# A large project takes minutes to begin with its answer.
READ_SECONDS = 300.0
_REFUSED = {
    400: "it does not understand the request; check the report's number, forms, fields and events in study.yaml",
    401: "it refuses the token, or the token's user may not export",
    403: "it refuses the token, or the token's user may not export",
    404: "there is no API at this address; it usually ends with /api/",
}


@dataclass(frozen=True)
class RedcapExport:
    """A project's export. It cannot be listed: whether there is news shows only when it is read."""

    place: Redcap

    patience = READ_SECONDS
    can_list = False

    @property
    def where(self) -> str:
        return shown_url(self.place.redcap)

    def forget(self) -> None:
        """Every request has its own connection."""

    def files(self, most: int = MOST_FILES) -> list[RemoteFile]:
        return [RemoteFile(self.place.file, self.where, None, None, "")]

    def look(self, file: RemoteFile) -> RemoteFile | None:
        return None

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        import requests

        # a redirection would send the token elsewhere
        asked: dict[str, Any] = {"data": self._parameters(), "stream": True, "allow_redirects": False}
        limits = (CONNECT_SECONDS, READ_SECONDS)
        with (
            Told(self.where),
            requests.post(self.place.redcap, **asked, timeout=limits, verify=trusted()) as answer,
        ):
            judge(answer, self.where, _REFUSED)
            copy(answer, target, self._judge_content)
        if not target.tell():
            raise SourceDown(f"{self.where}: it sends nothing; the next run tries again")

    def _parameters(self) -> dict[str, Any]:
        token = os.environ.get(self.place.token)
        if not token:
            raise SourceDown(
                f"{self.where}: ${self.place.token} is not set; it must hold the project's API token", lasting=True
            )
        how = "label" if self.place.labels else "raw"
        shared = {
            "token": token,
            "format": "csv",
            "rawOrLabel": how,
            "rawOrLabelHeaders": how,
            "exportCheckboxLabel": "false",
            "csvDelimiter": ",",
            "returnFormat": "json",
        }
        if self.place.report is not None:
            return {**shared, "content": "report", "report_id": str(self.place.report)}
        lists = {"forms": self.place.forms, "fields": self.place.fields, "events": self.place.events}
        named = {f"{key}[{n}]": name for key, names in lists.items() for n, name in enumerate(names)}
        return {**shared, "content": "record", "action": "export", "type": "flat", **named}

    def _judge_content(self, chunk: bytes) -> None:
        """An error or a web page in the place of data, which some servers send with status 200."""
        start = chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(b"<"):
            raise SourceDown(f"{self.where}: it sends a web page instead of data (a log-in, or maintenance?)")
        if start.startswith(b"{") and _is_error(start):
            raise SourceDown(f"{self.where}: it reports an error instead of data; check the token and study.yaml")


def _is_error(text: bytes) -> bool:
    try:
        document = json.loads(text)
    except ValueError:  # no JSON: data whose first column happens to be called so
        return False
    return isinstance(document, dict) and "error" in document
