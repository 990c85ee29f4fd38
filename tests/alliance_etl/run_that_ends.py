"""`alliance-etl run` that gets a signal just when it has begun to put a file away: SIGNAL, then the verb's arguments.

A signal sent from outside meets the run wherever the machine's load has let it come to; this one always at one point.
"""

import os
import signal
import sys
from typing import Any

from alliance_etl.cli import main


def in_the_archive(event: str, arguments: tuple[Any, ...]) -> bool:
    return event == "os.rename" and f"{os.sep}archive{os.sep}" in str(arguments[1])


def send_in_the_archive(number: int) -> None:
    sent = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal sent
        if not sent and in_the_archive(event, arguments):
            sent = True
            os.kill(os.getpid(), number)

    sys.addaudithook(hook)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal
    send_in_the_archive(int(sys.argv.pop(1)))
    main()
