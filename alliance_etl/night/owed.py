"""Receipts that are owed: written by a worker while the night goes on, and struck off when they are there.

Until then the ledger holds them due, so that a night that is killed leaves none unwritten.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alliance_etl.night.ahead import Ahead
from alliance_etl.night.source import Source
from alliance_etl.receipts.files import write_receipt
from alliance_etl.state.entries import Drop, HeldRow
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.workers.pool import Job

Findings = Sequence[Mapping[str, Any]]


@dataclass
class Owed:
    """The receipts of one night that are on their way."""

    layout: Layout
    ledger: Ledger
    ahead: Ahead
    _written: list[Drop] = field(default_factory=list)
    _jobs: list[tuple[Job, Sequence[Drop], Source, Findings, Collection[HeldRow]]] = field(default_factory=list)

    def write(self, same: Sequence[Drop], source: Source, told: Findings, good: Collection[HeldRow] = ()) -> None:
        """Have the receipt of a content written; the arguments are those of `write_receipt`."""
        if any(same[0].drop_id == others[0].drop_id for _, others, *_ in self._jobs):
            self._await()  # two processes must not write into one folder
        job = self.ahead.errand("write_receipt", self.layout, same, source, told, good)
        if job is None:
            write_receipt(self.layout, same, source.read, told, good)
        else:
            self._jobs.append((job, same, source, told, good))

    def done_with(self, drops: Sequence[Drop]) -> None:
        """These drops owe no receipt any more, once all that was to be written is."""
        self._written += drops
        if not self._jobs:
            self.settle()

    def settle(self) -> None:
        """Wait for what is being written, and tell the ledger."""
        self._await()
        if self._written:
            with self.ledger.transaction():
                self.ledger.receipts.written(self._written)
            self._written.clear()

    def _await(self) -> None:
        for job, same, source, told, good in self._jobs:
            if not job.result():
                write_receipt(self.layout, same, source.read, told, good)
        self._jobs.clear()
