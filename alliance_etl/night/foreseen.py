"""The verdicts of contracts on the numbers that files usually hold, passed before anybody meets them.

What judges takes a second to import (pandera): the night needs it in any case, its workers then hardly ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from alliance_etl.instruments.model import Instrument, Response
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.intake.plan import Plan

_USUAL_NUMBERS = [*map(float, range(-1000, 1001)), *(tenths / 10 for tenths in range(-100, 1101) if tenths % 10)]


@dataclass
class Foreseen:
    """Contracts with the verdicts on all numbers that files usually hold, so that a worker need not load their judge.

    `judge` makes a contract as the promises have it; it is asked where another number turns up.
    """

    judge: Callable[[Instrument, Response], AnswersContract]
    known: dict[tuple[str, Response], AnswersContract] = field(default_factory=dict)

    def add(self, plan: Plan) -> None:
        if (plan.instrument.id, plan.in_file) not in self.known:
            contract = self.judge(plan.instrument, plan.in_file)
            contract.foresee(_USUAL_NUMBERS)
            self.known[plan.instrument.id, plan.in_file] = contract

    def __call__(self, instrument: Instrument, in_file: Response) -> AnswersContract:
        known = self.known.get((instrument.id, in_file))
        if known is None:
            return self.judge(instrument, in_file)
        return replace(known, judge_numbers=lambda numbers: self.judge(instrument, in_file).judge_numbers(numbers))

    def __reduce__(self) -> tuple[Any, ...]:
        told = {key: (known.expected, known.verdicts) for key, known in self.known.items()}
        return _foreseen, (self.judge, told)


def _foreseen(judge: Callable[[Instrument, Response], AnswersContract], told: Mapping[Any, Any]) -> Foreseen:
    return Foreseen(judge, {key: AnswersContract(_nobody, *known) for key, known in told.items()})


def _nobody(numbers: list[float]) -> Mapping[float, str]:
    raise AssertionError(f"{len(numbers)} numbers were to be judged by nobody")
