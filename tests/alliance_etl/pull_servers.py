"""Real servers on loopback that drops are pulled from: OpenSSH, S3 (moto's), HTTP(S) folders, and one that speaks
REDCap's documented API. Each is started by a context manager and gone after it.
"""

import getpass
import json
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SSHD = shutil.which("sshd") or ("/usr/sbin/sshd" if Path("/usr/sbin/sshd").exists() else None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(handler: Any, *, tls: Path | None = None) -> Iterator[int]:
    """An HTTP server's port; with `tls` (a file of key and certificate) HTTPS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Folder(SimpleHTTPRequestHandler):
    """A folder's files, and in `requests` what was asked for."""

    def __init__(self, *arguments: Any, requests: list[str], **options: Any) -> None:
        self.requests = requests
        super().__init__(*arguments, **options)

    def log_message(self, *_: object) -> None:
        self.requests.append(f"{self.command} {self.path}")


def folder_handler(folder: Path, requests: list[str]) -> Any:
    return partial(Folder, directory=str(folder), requests=requests)


def certificate(target: Path) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key, as one PEM file."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    target.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return target


@dataclass
class Moody:
    """A web server of one file that does not always answer well. Each download takes the next of `moods`:

    `well`, `cut` (closed in the middle), `reset` (in the middle), `slow` (a byte now and then), `page` (a log-in), or a
    status with the seconds of Retry-After, as in `503 1`. When there are none left, it is well.
    """

    content: str
    moods: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    length: int | None = None
    downloads: list[str] = field(default_factory=list)

    def tag(self) -> str:
        """The ETag: each of `tags` is told once, the last one for ever."""
        return self.tags.pop(0) if len(self.tags) > 1 else self.tags[0] if self.tags else "one"


def moody_handler(server: Moody) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.head(len(server.content) if server.length is None else server.length)

        def do_GET(self) -> None:
            mood = server.moods.pop(0) if server.moods else "well"
            server.downloads.append(mood)
            if mood[0].isdigit():
                self.refuse(*mood.split())
                return
            body = "<!DOCTYPE html><title>Log in</title>" if mood == "page" else server.content
            self.head(len(body))
            self.send_body(body.encode(), mood)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def send_body(self, body: bytes, mood: str) -> None:
            if mood == "slow":
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.3)
                return
            self.wfile.write(body if mood in ("well", "page") else body[:5])
            self.wfile.flush()
            if mood == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            elif mood == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)

        def head(self, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            if tag := server.tag():
                self.send_header("ETag", f'"{tag}"')
            self.end_headers()

        def refuse(self, status: str, after: str = "") -> None:
            self.send_response(int(status))
            if after:
                self.send_header("Retry-After", after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def handle(self) -> None:
            with suppress(OSError):  # the client may have gone, as some of these tests have it
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def cutting_proxy(target: int, allowances: list[int]) -> Iterator[int]:
    """A port that leads to another one. Of each connection it passes on the next of `allowances` in bytes from the
    server and breaks it off then; when there are none left, it passes everything on.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", target))
                allowance = allowances.pop(0) if allowances else None
                threading.Thread(target=_pump, args=(client, server, None), daemon=True).start()
                threading.Thread(target=_pump, args=(server, client, allowance), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


def _pump(source: socket.socket, target: socket.socket, allowance: int | None) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(4096):
            target.sendall(data)
            passed += len(data)
            if allowance is not None and passed >= allowance:
                break
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@dataclass
class RedcapProject:
    """What a project answers: by default the data; `status`, `body` and `after` (Retry-After) where it should not."""

    token: str
    data: str
    status: int = 200
    body: str | None = None
    after: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)


def redcap_handler(project: RedcapProject) -> type[BaseHTTPRequestHandler]:
    """REDCap's API as its documentation has it: POST of a form, CSV back, JSON for an error."""

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = {
                key: values[0]
                for key, values in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
            }
            project.asked.append(asked)
            if asked.get("token") != project.token:
                return self.answer(403, json.dumps({"error": f"The token {asked.get('token')} is not known"}))
            if project.body is not None or project.status != 200:
                return self.answer(
                    project.status, json.dumps({"error": "no"}) if project.body is None else project.body
                )
            return self.answer(200, project.data)

        def answer(self, status: int, text: str) -> None:
            self.send_response(status)
            if project.after:
                self.send_header("Retry-After", project.after)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Api


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """moto's S3 with the empty bucket `clinic`, named by the environment; gives its files as s3fs has them."""
    import requests
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}"),
        ("AWS_ACCESS_KEY_ID", "telltale-key"),
        ("AWS_SECRET_ACCESS_KEY", "telltale-secret"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    # servers of one process share their buckets
    requests.post(f"http://127.0.0.1:{port}/moto-api/reset", timeout=10)
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    files.mkdir("clinic")
    try:
        yield files
    finally:
        server.stop()


@dataclass(frozen=True)
class SshServer:
    port: int
    user: str
    key: Path
    known_hosts: Path


@contextmanager
def ssh_server(home: Path) -> Iterator[SshServer]:
    """OpenSSH's sshd, its own keys and settings below `home`, open to this user's new key only."""
    assert SSHD, "the test that asks for it is skipped without it"
    home.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    (home / "authorized").write_bytes((home / "user.pub").read_bytes())
    port = free_port()
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": home / "host",
        "AuthorizedKeysFile": home / "authorized",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": home / "pid",
        "Subsystem": "sftp internal-sftp",
    }
    (home / "settings").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    if getpass.getuser() == "root":
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(home / "settings")], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        kind, body, *_ = (home / "host.pub").read_text().split()
        (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {body}\n")
        yield SshServer(port, getpass.getuser(), home / "user", home / "known_hosts")
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not listen")
