"""Files of a web server: one by its address, or a folder whose page lists them. Folders below are not looked into."""

from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

from alliance_etl.pull.answers import CONNECT_SECONDS, copy, is_page, judge, moment, trusted
from alliance_etl.pull.limits import CHUNK, Begun
from alliance_etl.pull.source import MOST_FILES, RemoteFile, SourceDown, Told
from alliance_etl.pull.words import shown_url, too_many, variable

if TYPE_CHECKING:
    from requests import Response, Session

SECONDS = 60.0
# A page that lists files is no longer than this.
_LONGEST_PAGE = 32 << 20
_ASKED_AT_ONCE = 4
_REFUSED = {
    401: "it refuses the credentials, or there are none; see docs/sources.md for the variables that hold them",
    403: "it refuses the credentials, or there are none; see docs/sources.md for the variables that hold them",
    404: "there is no such folder or file; correct `drop` of the site in study.yaml",
    410: "there is no such folder or file any more; correct `drop` of the site in study.yaml",
}
# Some servers do not know HEAD.
_NO_HEAD = (405, 501)


@dataclass
class WebFolder:
    """A folder (or one file) of a web server. `site` names the environment variables with its credentials."""

    url: str
    site: str
    _session: "Session | None" = field(default=None, repr=False)

    patience = SECONDS
    can_list = True

    @property
    def where(self) -> str:
        return shown_url(self.url)

    def forget(self) -> None:
        """The next request makes another connection."""
        self._session = None

    def files(self, most: int = MOST_FILES) -> list[RemoteFile]:
        if not self.url.endswith("/"):
            return [self._look(self.url)]
        with Told(self.where), self._ask("GET", self.url) as answer:
            judge(answer, self.where, _REFUSED)
            addresses = _addresses(answer, self.url, self.where, most)
        if len(addresses) > most:
            raise too_many(self.where, most)
        parts = [addresses[start::_ASKED_AT_ONCE] for start in range(_ASKED_AT_ONCE)]
        asked = [Begun(partial(self._look_at_all, part)) for part in parts]
        return [file for each in asked for file in each.result()]

    def look(self, file: RemoteFile) -> RemoteFile | None:
        return self._look(file.path)

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        with Told(self.where), self._ask("GET", file.path) as answer:
            judge(answer, self.where, _REFUSED)

            def refuse_a_page(start: bytes) -> None:
                if is_page(start) and not file.name.lower().endswith((".html", ".htm")):
                    raise SourceDown(f"{self.where}: it sends a web page instead of a file (a log-in, or maintenance?)")

            copy(answer, target, refuse_a_page)

    def _look_at_all(self, addresses: list[str]) -> list[RemoteFile]:
        """What the server tells of each; a link that leads nowhere is no file, one that is refused shows when it is
        fetched.
        """
        files = []
        for address in addresses:
            try:
                files.append(self._look(address))
            except SourceDown as trouble:
                if trouble.of_file:
                    files.append(RemoteFile(_name(address), address, None, None, ""))
                elif not trouble.gone:
                    raise
        return files

    def _look(self, address: str) -> RemoteFile:
        """What the server tells of a file without sending it."""
        with Told(self.where):
            answer = self._ask("HEAD", address)
            if answer.status_code in _NO_HEAD:
                answer = self._ask("GET", address)
            with answer:
                judge(answer, self.where, _REFUSED)
                return _file(address, answer)

    def _ask(self, method: str, address: str) -> "Response":
        import requests

        session = self._session
        if session is None:
            session = requests.Session()
            user = variable(self.site, "USER")
            session.auth = (user, variable(self.site, "PASSWORD") or "") if user else None
            self._session = session
        return session.request(
            method,
            address,
            headers={"Accept-Encoding": "identity"},
            stream=True,
            timeout=(CONNECT_SECONDS, SECONDS),
            allow_redirects=True,
            verify=trusted(),
        )


def _file(address: str, answer: "Response") -> RemoteFile:
    told_of = answer.headers
    coded = told_of.get("Content-Encoding", "identity") not in ("", "identity")
    length = told_of.get("Content-Length", "")
    size = int(length) if length.isdigit() and not coded else None
    changed = told_of.get("Last-Modified")
    marks = (told_of.get(name) for name in ("ETag", "Content-MD5", "Repr-Digest", "Digest", "Last-Modified"))
    return RemoteFile(_name(address), address, size, moment(changed), next((mark for mark in marks if mark), ""))


def _name(address: str) -> str:
    return PurePosixPath(unquote(urlsplit(address).path)).name


def _addresses(answer: "Response", folder: str, where: str, most: int) -> list[str]:
    """The addresses of the files that a folder's page names: its links or, where it is plain text, its lines."""
    body = bytearray()
    for chunk in answer.iter_content(CHUNK):
        body += chunk
        if len(body) > _LONGEST_PAGE:
            raise too_many(where, most)
    text = body.decode(answer.encoding or "utf-8", "replace")
    if answer.headers.get("Content-Type", "").startswith("text/plain"):
        links = [line.strip() for line in text.splitlines() if line.strip()]
    else:
        page = _Links()
        page.feed(text)
        links = page.links
    base = answer.url if answer.url.endswith("/") else folder
    there = (urljoin(base, link).partition("#")[0] for link in links)
    return sorted({address for address in there if _is_in(address, base)})


def _is_in(address: str, folder: str) -> bool:
    """Whether a file lies right in a folder; a link that sorts the list, or leads elsewhere, does not."""
    below = address.removeprefix(folder)
    return below != address and below != "" and not set(below) & set("/?")


class _Links(HTMLParser):
    """The links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
