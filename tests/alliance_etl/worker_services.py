"""What the tests of workers have them do, and a caller that lets itself be killed: `python -m …worker_services`."""

import os
import sys
import time

import polars as pl

from alliance_etl.workers.pool import Workers


class Service:
    def doubled(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col("n") * 2)

    def process(self) -> int:
        return os.getpid()

    def asleep(self) -> None:
        time.sleep(600)

    def failing(self) -> None:
        raise ValueError("an answer of somebody")

    def printing(self) -> str:
        print("what a library prints")  # noqa: T201
        return "done"


if __name__ == "__main__":
    workers = Workers(1)
    workers.serve(Service())
    workers.submit("asleep")
    print(workers._processes[0].pid, flush=True)  # noqa: T201
    sys.stdin.read()
