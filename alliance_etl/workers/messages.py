"""Messages between a process and its workers: a length, then a pickle in which frames are Arrow IPC.

Only ever read from a pipe whose other end is this program.
"""

import io
import pickle
import struct
from types import MappingProxyType
from typing import Any, BinaryIO

import polars as pl

_LENGTH = struct.Struct(">Q")


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing: object) -> Any:
        if isinstance(thing, MappingProxyType):
            return _fixed, (dict(thing),)
        if type(thing) is not pl.DataFrame:
            return NotImplemented
        target = io.BytesIO()
        thing.write_ipc(target, compression="lz4")
        return _frame, (target.getvalue(),)


def _fixed(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


def _frame(packed: bytes) -> pl.DataFrame:
    return pl.read_ipc(packed)


def packed(thing: object) -> bytes:
    """Anything that can be pickled, as bytes; frames compressed."""
    target = io.BytesIO()
    _Pickler(target, pickle.HIGHEST_PROTOCOL).dump(thing)
    return target.getvalue()


def unpacked(message: bytes) -> Any:
    return pickle.loads(message)  # noqa: S301 - written by a process of this program


def send(pipe: BinaryIO, message: bytes) -> None:
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes:
    """The next message. EOFError where the other end is gone."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content
