"""The archive: every dropped file as it came, compressed and encrypted.

One archive file per content (named by SHA-256): `AETL1`, then chunks, each a 4-byte length, a 12-byte nonce and
AES-256-GCM of
the LZ4-compressed bytes. The chunk's number, and whether it is the last, are authenticated: no chunk can be lost or
swapped.
"""

import hashlib
import hmac
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alliance_etl.errors import RunFailed

_MAGIC = b"AETL1"
_CHUNK = 8 << 20
_HEAD = struct.Struct(">IQ12s")


@dataclass(frozen=True)
class Archive:
    """The archive below `folder`, under a 256-bit key."""

    folder: Path
    key: bytes

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    def keep(self, source: Path, sha256: str) -> str:
        """Archive a file's bytes and return their SHA-256, which is another one if the file has changed since it was
        hashed.

        A content that is there already is left alone. `make_durable` before the ledger names it.
        """
        if self.path(sha256).exists():
            return sha256
        digest = hashlib.sha256()
        draft = self.folder / f".{sha256}.{os.getpid()}.tmp"
        try:
            with source.open("rb") as plain, draft.open("wb") as sealed:
                draft.chmod(0o600)
                sealed.write(_MAGIC)
                for number, chunk, last in _chunks(plain):
                    digest.update(chunk)
                    sealed.write(self._seal(number, chunk, last))
            target = self.path(digest.hexdigest())
            target.parent.mkdir(mode=0o700, exist_ok=True)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return digest.hexdigest()

    @contextmanager
    def opened(self, sha256: str, folder: Path) -> Iterator[Path]:
        """A path to an archived file's bytes, in a nameless file of `folder` that goes away with the process,
        whatever ends it.

        RunFailed where the archived file is missing, damaged, or under another key.
        """
        source = self.path(sha256)
        if not source.exists():
            raise RunFailed(f"the archive lacks the file {sha256[:16]}; restore .state/archive from a backup")
        with source.open("rb") as sealed, tempfile.TemporaryFile(dir=folder) as plain:
            if sealed.read(len(_MAGIC)) != _MAGIC:
                raise RunFailed(f"the archived file {sha256[:16]} is damaged; restore .state/archive from a backup")
            for chunk in self._unsealed(sealed, sha256):
                plain.write(chunk)
            plain.flush()
            yield Path(f"/dev/fd/{plain.fileno()}")

    def seal(self, text: str) -> bytes:
        """A short text that only the study's key opens."""
        nonce = os.urandom(12)
        return nonce + AESGCM(self.key).encrypt(nonce, text.encode(), b"text")

    def unseal(self, sealed: bytes) -> str:
        """A text that `seal` has sealed. RunFailed under another key."""
        try:
            return AESGCM(self.key).decrypt(sealed[:12], sealed[12:], b"text").decode()
        except InvalidTag as wrong:
            raise RunFailed("a sealed text in .state/ledger.sqlite cannot be opened: it is damaged") from wrong

    def mark(self, text: str) -> str:
        """The same for equal texts, and nothing to read."""
        return hmac.digest(self.key, text.encode(), "sha256").hex()[:16]

    def _seal(self, number: int, chunk: bytes, last: bool) -> bytes:
        nonce = os.urandom(12)
        packed = bytes(pa.compress(chunk, codec="lz4", asbytes=True)) if chunk else b""
        body = AESGCM(self.key).encrypt(nonce, packed, b"%d %d %d" % (number, last, len(chunk)))
        return _HEAD.pack(len(body), len(chunk) << 1 | last, nonce) + body

    def _unsealed(self, sealed: BinaryIO, sha256: str) -> Iterator[bytes]:
        number, last = 0, False
        while not last:
            head = sealed.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise RunFailed(f"the archived file {sha256[:16]} is cut short; restore .state/archive from a backup")
            length, size_and_last, nonce = _HEAD.unpack(head)
            size, last = size_and_last >> 1, bool(size_and_last & 1)
            try:
                packed = AESGCM(self.key).decrypt(nonce, sealed.read(length), b"%d %d %d" % (number, last, size))
            except InvalidTag as wrong:
                raise RunFailed(
                    f"the archived file {sha256[:16]} cannot be opened: it is damaged, or $ALLIANCE_ETL_KEY "
                    "(.state/key) is not the key that it was archived under"
                ) from wrong
            yield bytes(pa.decompress(packed, decompressed_size=size, codec="lz4", asbytes=True)) if size else b""
            number += 1


def _chunks(plain: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    number, chunk = 0, plain.read(_CHUNK)
    while True:
        following = plain.read(_CHUNK)
        yield number, chunk, not following
        if not following:
            return
        number, chunk = number + 1, following
