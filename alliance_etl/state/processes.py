"""Processes by a name that is never given out anew, so that what a dead one has left is known as such."""

import os
import socket
from pathlib import Path


def this_process() -> str:
    """Host, process id and start time of this process: a number that is given out anew does not count as alive."""
    return _process(os.getpid())


def is_gone(process: str) -> bool:
    """True where a process named by `this_process` ran on this host and runs no more."""
    host, pid, _ = process.rsplit(":", 2)
    return host == socket.gethostname() and process != _process(int(pid))


def _process(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{_start_time(pid)}"


def _start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks (Linux); elsewhere only whether it is there."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        return stat.read_text().rpartition(")")[2].split()[19] if stat.exists() else "gone"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        return "there"
    return "there"
