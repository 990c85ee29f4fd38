"""Answers of made-up people: one thing behind all items, clients who are content, answers in steps."""

import numpy as np

from alliance_etl.instruments.model import Instrument
from alliance_etl.keying.changes import Floats


def answers(instrument: Instrument, people: int, seed: int, *, content: float = 0.7, loading: float = 0.6) -> Floats:
    """people × items, as ticked on the form, one form each; `content` is where the middle of the people is (0 to 1)."""
    chance = np.random.default_rng(seed)
    assert instrument.response is not None
    low, high = instrument.response.min, instrument.response.max
    own = chance.normal(0, 1, people)[:, None]
    loadings = np.clip(chance.normal(loading, 0.1, len(instrument.item_numbers)), 0.2, 0.9)
    felt = loadings * own + np.sqrt(1 - loadings**2) * chance.normal(0, 1, (people, len(loadings)))
    keyed = np.clip(np.round(low + (high - low) * (content + felt * 0.2)), low, high)
    turned = [item in (instrument.reversed_items or ()) for item in instrument.item_numbers]
    return np.asarray(np.where(turned, low + high - keyed, keyed), dtype=np.float64)
