"""Sending, each notice by a process of its own: what a server or a library does there costs the night a bounded time.

Started as a module it reads one letter as JSON from stdin and says on stdout whether it was sent, else why not. What
apprise says of a failure is told without anything that stands in the address besides its host.
"""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import monotonic
from urllib.parse import parse_qsl, unquote, urlsplit

# All letters of a night are sent at once, and none is waited for any longer.
LONGEST_SECONDS = 30.0
_INSTALL = 'apprise is not installed; run: pip install "alliance-etl[notices]"'
_SHORTEST_SECRET = 3
_REASON, _LONGEST_REASON = "Socket Exception: ", 240
_SYSTEMS = re.compile(r"\[Errno -?\d+\] ([\w ,]+)")
_NOISE = re.compile(r" with url: \S+|<[^<>]*>:? ?")
_HOSTED = ("mailto", "mailtos", "json", "jsons", "form", "forms", "xml", "xmls")


@dataclass(frozen=True)
class Letter:
    """What goes where; `url` is an address of apprise, and may hold a secret."""

    url: str
    title: str
    body: str


def send(letters: Sequence[Letter], longest_seconds: float = LONGEST_SECONDS) -> list[str | None]:
    """For each letter None where it was sent, else why not, in words that hold nobody's secret."""
    couriers = [_set_out(letter) for letter in letters]
    by = monotonic() + longest_seconds
    return [_outcome(courier, by - monotonic(), longest_seconds) for courier in couriers]


def _set_out(letter: Letter) -> "subprocess.Popen[str]":
    courier = subprocess.Popen(
        [sys.executable, "-P", "-m", "alliance_etl.morning.courier"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    assert courier.stdin is not None, "it was asked for"
    courier.stdin.write(json.dumps(asdict(letter)))
    courier.stdin.close()
    courier.stdin = None
    return courier


def _outcome(courier: "subprocess.Popen[str]", seconds: float, longest: float) -> str | None:
    try:
        said, _ = courier.communicate(timeout=max(seconds, 0.1))
    except subprocess.TimeoutExpired:
        courier.kill()
        courier.communicate()
        return f"its server did not answer within {longest:.0f} seconds"
    if courier.returncode or not said:
        return f"what sends it ended with status {courier.returncode}; `alliance-etl notices --test` tries it alone"
    why: str | None = json.loads(said)
    return why


def deliver(letter: Mapping[str, str]) -> str | None:
    """Send one letter from this process: None where it was sent, else why not."""
    try:
        from apprise import Apprise, AppriseAsset
    except ModuleNotFoundError:
        return _INSTALL
    said = _Kept()
    logger = logging.getLogger("apprise")
    logger.addHandler(said)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    post = Apprise(asset=AppriseAsset(app_id="alliance-etl", app_desc="alliance-etl"))
    if not post.add(letter["url"]):
        return "no address of apprise: https://appriseit.com lists how they are written"
    if post.notify(title=letter["title"], body=letter["body"], body_format="text"):
        return None
    return " ".join(_without_secrets(" ".join(said.texts), letter["url"]).split()) or "its server did not take it"


class _Kept(logging.Handler):
    """Keeps the warnings of apprise, and the reason that it gives for one at a lower level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.texts.append(text)
        elif text.startswith(_REASON):
            reason = _NOISE.sub("", text.removeprefix(_REASON))
            short = _SYSTEMS.search(reason)  # of a reason within reasons, what the system said
            self.texts.append(f"({short[1] if short else reason[:_LONGEST_REASON].strip()})")


def _without_secrets(text: str, url: str) -> str:
    """The text without user, password, addresses, tokens: whatever the URL holds besides its host."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    secrets = [*re.split(r"[:@]", user), *parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    if parts.scheme.lower() not in _HOSTED:  # what looks like a host is a token there
        secrets.append(host)
    for secret in sorted({unquote(each) for each in secrets} | set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET and secret != parts.hostname:
            text = text.replace(secret, "…")
    return re.sub(r"[\w.+-]+@[\w.-]+", "…", text)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(deliver(json.load(sys.stdin))))
