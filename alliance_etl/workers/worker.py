"""What a worker process does: answer calls on one object, in their order, until the process that began it is gone.

The first message is the object, each further one (name of a method, arguments); the answer is what the method returns.
A worker whose method raises ends, and the caller computes for itself: an exception then appears where it belongs.
"""

import gc
import os
import signal
import sys
import threading
from queue import SimpleQueue
from typing import BinaryIO

from alliance_etl.workers.messages import packed, receive, send, unpacked

# What a worker is started with. Its own sys.path comes first through the pipe, so that it imports what its caller does.
BOOTSTRAP = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from alliance_etl.workers.worker import main; main()"
)


def main() -> None:
    gc.set_threshold(200_000, 20, 20)  # frames are freed by their last reference
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the caller's
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    waiting: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(calls, waiting), daemon=True).start()
    service = unpacked(waiting.get())
    while True:
        name, arguments = unpacked(waiting.get())
        send(answers, packed(getattr(service, name)(*arguments)))


def _listen(calls: BinaryIO, waiting: "SimpleQueue[bytes]") -> None:
    """Take calls in; the end of the caller, however it came, is this process's end at once."""
    try:
        while True:
            waiting.put(receive(calls))
    finally:
        os._exit(0)
