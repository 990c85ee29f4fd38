"""What a web server answers, as the two sources that speak HTTP need it: judged by its status, copied in pieces."""

import os
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from alliance_etl.pull.limits import CHUNK
from alliance_etl.pull.source import SourceDown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import Response

CONNECT_SECONDS = 20.0


def trusted() -> str | bool:
    """Whose certificates are trusted: the authority that $SSL_CERT_FILE names, else those that requests knows."""
    authority = os.environ.get("SSL_CERT_FILE")
    return authority if authority and Path(authority).is_file() else True


def judge(answer: "Response", where: str, refused: "Mapping[int, str]") -> None:
    """SourceDown for every status but 200, in words; `refused` are those that trying again does not mend."""
    status = answer.status_code
    if status == 200:
        return
    if status in refused:
        gone, of_file = status in (404, 410), status == 403
        raise SourceDown(f"{where}: {refused[status]}", lasting=True, gone=gone, of_file=of_file)
    wait = _retry_after(answer.headers.get("Retry-After"))
    asks = f" and asks to be left alone for {wait:.0f} seconds" if wait else ""
    raise SourceDown(f"{where}: it answers with status {status}{asks}; the next run tries again", wait=wait)


def copy(answer: "Response", target: BinaryIO, judge_first: "Callable[[bytes], None]") -> None:
    """Write the body to `target` as it comes; the first piece is judged before anything is written."""
    for number, chunk in enumerate(answer.iter_content(CHUNK)):
        if number == 0:
            judge_first(chunk)
        target.write(chunk)
    target.flush()


def moment(stamp: str | None) -> float | None:
    """A date of HTTP in seconds since 1970; None where there is none, or none that can be read."""
    if not stamp:
        return None
    try:
        read = parsedate_to_datetime(stamp)
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _retry_after(given: str | None) -> float:
    """Seconds of Retry-After, which is a number or a date; 0 where it says nothing."""
    if given is None:
        return 0.0
    if given.strip().isdigit():
        return float(given)
    until = moment(given)
    return 0.0 if until is None else max(0.0, until - time.time())


def is_page(start: bytes) -> bool:
    """Whether a body begins as a web page does."""
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
