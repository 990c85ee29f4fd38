"""The workers of this process, and the jobs that they are given.

Jobs are begun in the order in which they were submitted. A job whose worker was killed, or whose method raised, is
simply not done: its caller does it then, and sees the exception, if there is one, in its own process.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from typing import Any, BinaryIO, cast

from alliance_etl.workers.messages import packed, receive, send, unpacked
from alliance_etl.workers.worker import BOOTSTRAP

# Results that nobody has fetched yet may take up so many bytes; then no further job is begun.
MOST_AHEAD = 256 << 20


class Job:
    """One call of a method of the service, by whoever comes first."""

    def __init__(self, pool: "Workers", name: str, arguments: tuple[object, ...]) -> None:
        self.pool, self.name, self.arguments = pool, name, arguments
        self.answer: bytes | None = None
        self.is_over = threading.Event()
        self.is_wanted = True

    def result(self) -> Any:
        """What the method returned; None where no worker has begun it or could end it, and the caller must do it."""
        if self.pool.withdraw(self):
            return None
        while not self.is_over.is_set() and self.pool.lend_a_hand():
            pass
        self.is_over.wait()
        return self.pool.fetched(self)

    def forget(self) -> None:
        """Nobody will ask for the result."""
        self.pool.forget(self)


class Workers:
    """Processes that answer calls on copies of one object. They end with this process, whatever ends it."""

    def __init__(self, count: int) -> None:
        self._service: object = None
        self._message = b""
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._ahead = 0
        self._closed = False
        self._processes = [_start() for _ in range(count)]
        self._threads = [threading.Thread(target=self._serve, args=(each,), daemon=True) for each in self._processes]
        for thread in self._threads:
            thread.start()

    def serve(self, service: object) -> None:
        """What the calls are on; the processes have begun to start meanwhile."""
        message = packed(service)
        with self._changed:
            self._service, self._message = service, message
            self._changed.notify_all()

    def submit(self, name: str, *arguments: object, first: bool = False) -> Job:
        """Have a method called; `first`: before all that waits."""
        job = Job(self, name, arguments)
        with self._changed:
            if first:
                self._waiting.appendleft(job)
            else:
                self._waiting.append(job)
            self._changed.notify()
        return job

    def withdraw(self, job: Job) -> bool:
        """Take back a job that no worker has begun; False where one has."""
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
                return True
        return False

    def lend_a_hand(self) -> bool:
        """Do the next job here, where the caller would only wait; False where there is none, or no room for it."""
        job = self._next(wait=False)
        if job is None:
            return False
        try:
            self._note(job, packed(getattr(self._service, job.name)(*job.arguments)))
        finally:
            job.is_over.set()
        return True

    def fetched(self, job: Job) -> Any:
        """The result goes to its caller: there is room for another. None where there is none."""
        with self._changed:
            answer, job.answer = job.answer, None
            self._ahead -= len(answer or b"")
            self._changed.notify_all()
        return unpacked(answer) if answer is not None else None

    def forget(self, job: Job) -> None:
        """Take a job back, or throw its result away."""
        with self._changed:
            job.is_wanted = False
            if job in self._waiting:
                self._waiting.remove(job)
            if job.answer is not None:
                self._ahead -= len(job.answer)
                job.answer = None
                self._changed.notify_all()

    def close(self) -> None:
        """End the workers; what they had begun is given up."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        for process in self._processes:
            process.kill()
        for process, thread in zip(self._processes, self._threads, strict=True):
            thread.join()
            process.wait()

    def _serve(self, process: "subprocess.Popen[bytes]") -> None:
        """Give one worker job after job, until there is no worker any more."""
        calls, answers = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
        try:
            pickle.dump(sys.path, calls)
            if not self._is_served():
                return
            send(calls, self._message)
            while (job := self._next(wait=True)) is not None:
                try:
                    send(calls, packed((job.name, job.arguments)))
                    self._note(job, receive(answers))
                finally:
                    job.is_over.set()
        except (BrokenPipeError, EOFError):
            pass  # the worker is gone; what it was at is left to the caller
        finally:
            answers.close()
            with suppress(BrokenPipeError):
                calls.close()

    def _is_served(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._message or self._closed)
            return not self._closed

    def _next(self, *, wait: bool) -> Job | None:
        with self._changed:
            while not self._closed:
                if self._waiting and self._ahead < MOST_AHEAD:
                    return self._waiting.popleft()
                if not wait:
                    return None
                self._changed.wait()
        return None

    def _note(self, job: Job, answer: bytes) -> None:
        with self._changed:
            if job.is_wanted:
                job.answer = answer
                self._ahead += len(answer)


def _start() -> "subprocess.Popen[bytes]":
    # one thread each: the processes share the processors between them. Nothing is told on the command line.
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", BOOTSTRAP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
