"""Verdicts passed in advance are the contract's own."""

import pytest

from alliance_etl.instruments.model import Instrument, Response
from alliance_etl.instruments.registry import load_registry
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.night.foreseen import Foreseen
from alliance_etl.night.plans import Plans
from alliance_etl.study.load import load_study
from alliance_etl.workers.messages import packed, unpacked
from schemas.contracts import answers_contract
from tests.scenario import Scenario, all_promises, registry_in


def judged(instrument: Instrument, in_file: Response) -> AnswersContract:
    """The contract, as a worker's promises make it."""
    return answers_contract(instrument.id, in_file)


@pytest.fixture(scope="module")
def foreseen(tmp_path_factory: pytest.TempPathFactory) -> Foreseen:
    """As it comes out of the pipe."""
    folder = tmp_path_factory.mktemp("study")
    Scenario(folder)
    plans = Plans(load_study(folder), "berlin", registry_in(folder), all_promises(), b"key")
    told = Foreseen(judged)
    told.add(plans.plans["pocket"])
    return unpacked(packed(told))  # type: ignore[no-any-return]


@pytest.fixture
def pocket(foreseen: Foreseen) -> tuple[str, Response]:
    (key,) = foreseen.known
    return key


@pytest.mark.parametrize("number", [-1000.0, 0.0, 1.0, 5.0, 6.0, 3.5, 1000.0])
def test_usual_numbers_need_no_judge(foreseen: Foreseen, pocket: tuple[str, Response], number: float) -> None:
    known = foreseen.known[pocket]

    assert known.verdicts[number] == answers_contract(*pocket).judge_numbers([number]).get(number)


@pytest.mark.parametrize("number", [123456.0, 3.14, 2.0])
def test_others_are_judged_when_they_turn_up(foreseen: Foreseen, pocket: tuple[str, Response], number: float) -> None:
    instrument = load_registry()["wai_sr_client"].model_copy(update={"id": pocket[0]})

    contract = foreseen(instrument, pocket[1])

    assert contract._verdicts([number]) == {number: answers_contract(*pocket).judge_numbers([number]).get(number)}


def test_a_contract_that_nobody_foresaw_is_made(foreseen: Foreseen) -> None:
    other = load_registry()["srs3_client"]
    assert other.response

    assert foreseen(other, other.response).expected == answers_contract(other.id, other.response).expected
