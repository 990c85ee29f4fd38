"""Links by a model of the items: the answers behind a component, calibrated, and what that makes of each score.

The models are alliance_etl.linking.irt; here is which answers they are given, and what a crosswalk tells of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alliance_etl.crosswalks.curve import Curve
from alliance_etl.crosswalks.groups import Groups, common_items
from alliance_etl.crosswalks.model import ByItems, CalibratedItem, Calibration, Crosswalk, IrtMethod
from alliance_etl.crosswalks.pairs import Measured, Pairs
from alliance_etl.crosswalks.refusals import NotLinked
from alliance_etl.linking.irt.answers import Answers, UnknownAnswer
from alliance_etl.linking.irt.calibration import Calibrated, NotCalibrated, calibrate
from alliance_etl.linking.irt.fit import most_alike
from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.irt.links import Link, Sides, link_sums
from alliance_etl.linking.irt.population import OneTrait, TwoTraits
from alliance_etl.linking.irt.separate import Separate
from alliance_etl.linking.scale import Array

# Items with more different answers are no graded ones: most boundaries between them would have nobody on one side.
MOST_ANSWERS = 15
_DIGITS = 6


@dataclass(frozen=True)
class Answered:
    """The answers behind a component, in steps from the lowest; NaN where a form has not that item.

    `steps` (forms, items); `items` tells each column's instrument and item; `source` and `target` are the columns of
    each side, which common items share; `groups` (forms,): 1 for forms of other people than the target's.
    """

    steps: Array
    items: tuple[tuple[str, int], ...]
    source: tuple[int, ...]
    target: tuple[int, ...]
    groups: NDArray[np.int64]
    participants: tuple[str, ...]
    highest: tuple[int, int]

    def side(self, columns: Sequence[int]) -> NDArray[np.bool_]:
        return np.isin(np.arange(len(self.items)), columns)


def of_pairs(pairs: Pairs, source: Measured, target: Measured, *, nested: bool) -> Answered:
    """Both forms of each pair. Items that stand in one form only (nested items) are one column; answered twice, two."""
    common = common_items(source, target) if nested else {}
    own = [place for place, item in enumerate(source.items) if item not in common]
    steps = np.hstack([_steps(pairs.target, target), _steps(pairs.source, source)[:, own]])
    return _answered(steps, common, source, target, np.zeros(pairs.number, dtype=np.int64), pairs.participants)


def of_groups(groups: Groups) -> Answered:
    """The target's forms, then the source's; a common item is one column."""
    source, target = groups.source.of, groups.target.of
    answers = _steps(groups.target.answers, target), _steps(groups.source.answers, source)
    own = [place for place, item in enumerate(source.items) if item not in groups.common]
    steps = np.full((len(answers[0]) + len(answers[1]), len(target.items) + len(own)), np.nan)
    steps[: len(answers[0]), : len(target.items)] = answers[0]
    steps[len(answers[0]) :, len(target.items) :] = answers[1][:, own]
    for item, same in groups.common.items():
        steps[len(answers[0]) :, target.items.index(same)] = answers[1][:, source.items.index(item)]
    whose = (*groups.target.participants, *groups.source.participants)
    return _answered(steps, groups.common, source, target, np.repeat([0, 1], [len(a) for a in answers]), whose)


def _answered(
    steps: Array,
    common: Mapping[int, int],
    source: Measured,
    target: Measured,
    groups: NDArray[np.int64],
    participants: tuple[str, ...],
) -> Answered:
    own = [item for item in source.items if item not in common]
    places = {item: len(target.items) + place for place, item in enumerate(own)}
    places |= {item: target.items.index(same) for item, same in common.items()}
    named = [(target.instrument.id, item) for item in target.items] + [(source.instrument.id, item) for item in own]
    return Answered(
        steps,
        tuple(named),
        tuple(places[item] for item in source.items),
        tuple(range(len(target.items))),
        groups,
        participants,
        (source.scale.size - 1, target.scale.size - 1),
    )


def _steps(keyed: Array, of: Measured) -> Array:
    response = of.instrument.response
    assert response is not None
    assert response.step is not None
    return np.rint((keyed - response.min) / response.step)


def curve_by_items(
    answered: Answered, method: IrtMethod, calibration: Calibration, known: Crosswalk | None, component: str
) -> Curve:
    """The link by these answers. NotLinked, in words, where there can be none."""
    two = method == "calibrated_projection"
    apart = len(np.unique(answered.groups)) > 1
    if two and apart:
        raise NotLinked([f"{component}: calibrated projection needs people who answered both forms"])
    if calibration != "concurrent" and not apart:
        raise NotLinked([f"{component}: {calibration} is for forms of different people (--design common_items)"])
    try:
        if calibration != "concurrent":
            return _apart(answered, method, calibration)
        return _concurrent(answered, method, known, component)
    except NotCalibrated as trouble:
        raise NotLinked([f"{component}: the graded response model: {trouble}"]) from None
    except UnknownAnswer as trouble:
        instrument, item = answered.items[trouble.item]
        raise NotLinked(
            [f"{component}: item {item} of {instrument} has an answer that the known calibration did not have"]
        ) from None


def _concurrent(answered: Answered, method: IrtMethod, known: Crosswalk | None, component: str) -> Curve:
    """All answers at once; items that are known stay as they are."""
    fixed = _known_items(answered, known, component)
    answers = _graded(answered, answered.steps, {place: np.array(item.answers) for place, item in fixed.items()})
    held, is_held = _held(answers, fixed)
    two = method == "calibrated_projection"
    own = answered.side(answered.target)
    population = TwoTraits((False, bool(fixed))) if two else OneTrait(answered.groups, anchored=bool(fixed))
    calibrated = calibrate(
        answers,
        population,
        traits=np.where(own, 1, 0) if two else None,
        known=held,
        is_known=is_held,
        participants=answered.participants,
    )
    sides = Sides(answered.side(answered.source), own, answered.highest)
    link = link_sums(calibrated, sides, method)
    eta = calibrated.eta
    told = _told(calibrated, answered.items).model_copy(
        update={
            "known_from": known.id if known else None,
            "forms": len(answered.steps),
            "trait_correlation": round(float(np.tanh(eta[4])), _DIGITS) if two else None,
            "source_mean": round(float(eta[2]), _DIGITS) if not two and eta.size > 2 else None,
            "source_sd": round(float(np.exp(eta[3])), _DIGITS) if not two and eta.size > 2 else None,
            **_alike(calibrated, answered.items),
        }
    )
    return _curve(method, link, answered.highest, told)


def _apart(answered: Answered, method: IrtMethod, calibration: Calibration) -> Curve:
    """Both sides calibrated alone, and the source moved by the common items."""
    assert calibration != "concurrent"
    alone = []
    for group, columns in ((0, answered.target), (1, answered.source)):
        rows = answered.groups == group
        answers = _graded(answered, answered.steps[rows][:, columns], {}, columns)
        whose = [name for name, mine in zip(answered.participants, rows, strict=True) if mine]
        alone.append(calibrate(answers, OneTrait(np.zeros(len(whose), dtype=np.int64)), participants=whose))
    same = [(place, column) for place, column in enumerate(answered.source) if column in answered.target]
    common = [place for place, _ in same], [answered.target.index(column) for _, column in same]
    separate = Separate(alone[1], alone[0], common, calibration)
    if not separate.alike():
        raise NotCalibrated(
            "no common item has the same answers on both sides, so nothing can move the one to the other"
        )
    found = separate.together()
    number = len(answered.target)
    sides = Sides(
        np.arange(found.calibrated.items.size) >= number,
        np.arange(found.calibrated.items.size) < number,
        answered.highest,
    )
    source = answered.items[number][0] if len(answered.items) > number else answered.items[0][0]
    names = (*answered.items[:number], *((source, answered.items[column][1]) for column in answered.source))
    told = _told(found.calibrated, names).model_copy(
        update={
            "calibration": calibration,
            "forms": len(answered.steps),
            "constants": (round(found.constants.slope, _DIGITS), round(found.constants.intercept, _DIGITS)),
            "source_mean": round(found.constants.intercept, _DIGITS),
            "source_sd": round(found.constants.slope, _DIGITS),
        }
    )
    return _curve(method, link_sums(found.calibrated, sides, method), answered.highest, told)


def _graded(
    answered: Answered, steps: Array, known: Mapping[int, Array], columns: Sequence[int] | None = None
) -> Answers:
    answers = Answers.of(steps, known)
    places = range(steps.shape[1]) if columns is None else columns
    many = [answered.items[places[item]] for item in np.flatnonzero(answers.numbers > MOST_ANSWERS).tolist()]
    if many:
        names = sorted({instrument for instrument, _ in many})
        raise NotCalibrated(
            f"items of {' and '.join(names)} have more than {MOST_ANSWERS} different answers, and a graded model has a "
            "boundary for each; --method kernel links by the scores"
        )
    return answers


def _known_items(answered: Answered, known: Crosswalk | None, component: str) -> dict[int, CalibratedItem]:
    """Columns of the target whose parameters another crosswalk has."""
    if known is None:
        return {}
    of = known.components.get(component)
    items = {(item.instrument, item.item): item for item in (of.by_items.items if of and of.by_items else ())}
    found = {place: items[name] for place in answered.target if (name := answered.items[place]) in items}
    if len(found) < len(answered.target):
        raise NotLinked([f"{component}: {known.id} does not have the parameters of all items of the target"])
    return found


def _held(answers: Answers, fixed: Mapping[int, CalibratedItem]) -> tuple[Graded | None, NDArray[np.bool_] | None]:
    if not fixed:
        return None, None
    size, most = answers.values.shape
    slopes, thresholds = np.ones(size), np.full((size, most - 1), np.nan)
    for place, item in fixed.items():
        slopes[place], thresholds[place, : len(item.thresholds)] = item.slope, item.thresholds
    return Graded.of_thresholds(slopes, thresholds), np.isin(np.arange(size), list(fixed))


def _told(calibrated: Calibrated, names: Sequence[tuple[str, int]]) -> ByItems:
    errors, thresholds = calibrated.errors().slopes, calibrated.items.thresholds
    items = tuple(
        CalibratedItem(
            instrument=instrument,
            item=item,
            slope=round(float(calibrated.items.slopes[place]), _DIGITS),
            slope_error=round(float(errors[place]), _DIGITS),
            thresholds=tuple(round(float(b), _DIGITS) for b in thresholds[place] if np.isfinite(b)),
            answers=tuple(float(value) for value in calibrated.values[place] if np.isfinite(value)),
        )
        for place, (instrument, item) in enumerate(names)
    )
    return ByItems(calibration="concurrent", forms=0, log_likelihood=round(calibrated.log_likelihood, 4), items=items)


def _alike(calibrated: Calibrated, names: Sequence[tuple[str, int]]) -> dict[str, object]:
    found = most_alike(calibrated)
    if found is None:
        return {}
    one, other = (f"{names[place][0]} item {names[place][1]}" for place in found.items)
    return {"largest_q3": round(found.q3, 4), "alike": (one, other)}


def _curve(method: IrtMethod, link: Link, highest: tuple[int, int], told: ByItems) -> Curve:
    """In POMP; sums that nobody can have, since no such answer was given, lie on the line between their neighbours."""
    known = np.isfinite(link.linked)
    at = np.arange(link.linked.size)
    linked, error = (np.interp(at, at[known], values[known]) for values in (link.linked, link.error))
    share = 100 / highest[1]
    return Curve(method, linked * share, error * share, told, link.trait)
