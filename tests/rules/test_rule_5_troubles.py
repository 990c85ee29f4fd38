"""Rule 5 under all that a real night does: killed, starved, meddled with, the next run ends as if nothing had happened.

`make crash` draws hundreds of such nights; here every kind of trouble befalls one of several nights once.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.mortals import Mortals, mortals
from tests.crash.several_nights import Eve, eves
from tests.crash.troubles import FAILURES, KILLS, Trouble, befall

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mortals, list[Eve]]]:
    folder: Path = tmp_path_factory.mktemp("troubles")
    for above in (folder, *folder.parents[:3]):  # nobody's night has to get there
        above.chmod(above.stat().st_mode | 0o055)
    with mortals(folder) as process:
        yield process, eves(folder / "steps", process)


@pytest.mark.parametrize("trouble", dict.fromkeys((*KILLS, *FAILURES)), ids=lambda trouble: trouble.__name__)
def test_after_any_trouble_the_next_run_ends_as_if_nothing_had_happened(
    trouble: Trouble, nights: tuple[Mortals, list[Eve]]
) -> None:
    process, of_study = nights
    case = befall(trouble, random.Random(f"{trouble.__name__} 1"), process, of_study)
    assert case.faults == [], f"{case.eve.name}, {case.told}"
