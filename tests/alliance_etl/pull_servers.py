"""Real servers on loopback that drops are pulled from: OpenSSH, S3 (moto's), HTTP(S) folders, and one that speaks
REDCap's documented API. Each is started by a context manager and gone after it.
"""

import getpass
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

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
class RedcapProject:
    """What a project answers: by default the data; `status` and `body` where it should not."""

    token: str
    data: str
    status: int = 200
    body: str | None = None
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
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Api


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
