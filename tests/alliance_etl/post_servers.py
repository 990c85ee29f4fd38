"""Real servers on loopback that notices are sent to: SMTP (aiosmtpd's) and HTTP. Each is gone after its test."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.alliance_etl.pull_servers import free_port, served


class Postbox:
    """What a server took, in order; `answer` is what an SMTP server says to a letter, or a web server's status."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.posts: list[dict[str, Any]] = []
        self.mail_answer, self.web_status, self.pause = "250 taken", 200, 0.0

    async def handle_DATA(self, _: object, __: object, envelope: Envelope) -> str:
        if self.mail_answer.startswith("250"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            self.mails.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
            self.recipients.append(envelope.rcpt_tos)
        return self.mail_answer


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    assert body is not None
    return str(body.get_content())


@contextmanager
def mail_server(box: Postbox) -> Iterator[str]:
    """The address of apprise for a server that puts letters into a box."""
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield mail_address(port)
    finally:
        server.stop()


def mail_address(port: int) -> str:
    return f"mailto://127.0.0.1:{port}?mode=insecure&from=etl@study.example.org&to=data@study.example.org"


@contextmanager
def web_server(box: Postbox) -> Iterator[str]:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(box.pause)
            if box.web_status == 200:
                box.posts.append(json.loads(body))
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(box.web_status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with served(Hook) as port:
        yield f"json://127.0.0.1:{port}/hook/s3cret-token"


@contextmanager
def server_that_says_nothing() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken: list[socket.socket] = []

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield int(server.getsockname()[1])
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        for each in taken:
            each.close()
