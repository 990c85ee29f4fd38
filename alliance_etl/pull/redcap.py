"""REDCap's API: one export a night, by the parameters that its documentation gives for reports and records."""

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from alliance_etl.pull.source import RemoteFile, SourceDown, told
from alliance_etl.study.places import Redcap

if TYPE_CHECKING:
    from requests import Response

CONNECT_SECONDS, READ_SECONDS = 20.0, 300.0
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

    lists = False

    @property
    def where(self) -> str:
        parts = urlsplit(self.place.redcap)
        return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))

    def files(self) -> list[RemoteFile]:
        return [RemoteFile(self.place.file, self.where, None, None, "")]

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        import requests

        asked: dict[str, Any] = {"data": self._parameters(), "timeout": (CONNECT_SECONDS, READ_SECONDS)}
        # requests' errors are OSErrors; a redirection would send the token elsewhere
        with (
            told(self.where, (OSError,)),
            requests.post(self.place.redcap, **asked, stream=True, allow_redirects=False) as answer,  # noqa: S113 - in `asked`
        ):
            self._judge(answer)
            for number, chunk in enumerate(answer.iter_content(1 << 20)):
                self._judge_content(chunk, first=number == 0)
                target.write(chunk)
        target.flush()
        if not target.tell():
            raise SourceDown(f"{self.where}: it sends nothing; the next run tries again")

    def _parameters(self) -> dict[str, Any]:
        token = os.environ.get(self.place.token)
        if not token:
            raise SourceDown(f"{self.where}: ${self.place.token} is not set; it must hold the project's API token")
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

    def _judge(self, answer: "Response") -> None:
        if answer.status_code != 200:
            words = _REFUSED.get(answer.status_code)
            words = words or f"it answers with status {answer.status_code}; the next run tries again"
            raise SourceDown(f"{self.where}: {words}")

    def _judge_content(self, chunk: bytes, *, first: bool) -> None:
        """An error or a web page in the place of data, which some servers send with status 200."""
        start = chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
        if first and start.startswith(b"<"):
            raise SourceDown(f"{self.where}: it sends a web page instead of data (a log-in, or maintenance?)")
        if first and start.startswith(b"{") and _is_error(start):
            raise SourceDown(f"{self.where}: it reports an error instead of data; check the token and study.yaml")


def _is_error(text: bytes) -> bool:
    try:
        document = json.loads(text)
    except ValueError:  # no JSON: data whose first column happens to be called so
        return False
    return isinstance(document, dict) and "error" in document
