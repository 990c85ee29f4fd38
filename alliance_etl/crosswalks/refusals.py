"""Why two scores are not linked, in words, with what would have to be different."""

from collections.abc import Mapping, Sequence

from alliance_etl.crosswalks.model import (
    BY_ANCHOR,
    LARGEST_DIFFERENCE,
    LOWEST_CORRELATION,
    Anchor,
    Crosswalk,
    Design,
    Method,
)
from alliance_etl.crosswalks.pairs import Measured, Pairs
from alliance_etl.errors import AllianceError
from alliance_etl.instruments.model import Instrument

# Kolen & Brennan (2014, section 8.7) ask for some hundreds of people for linear and more for equipercentile methods;
# below this nothing is linked, unless whoever runs it says how few suffice.
FEWEST_PARTICIPANTS = 100


class NotLinked(AllianceError):
    """Scores that should not be linked; `reasons` holds every one of them, by component where it concerns one."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("not linked:\n" + "\n".join(f"- {reason}" for reason in reasons))


def of_instruments(source: Instrument, target: Instrument) -> list[str]:
    """Reasons that need no data."""
    reasons = []
    if source.id == target.id:
        reasons.append("an instrument is not linked to itself")
    guests = [each.id for each in (source, target) if each.kind != "alliance"]
    if guests:
        reasons.append(f"{' and '.join(guests)}: an outcome measure says nothing about the alliance")
    if not set(source.rater_roles) & set(target.rater_roles):
        roles = f"{'/'.join(source.rater_roles)} and {'/'.join(target.rater_roles)}"
        reasons.append(f"{source.id} and {target.id} are answered by {roles}: their views are never pooled")
    return reasons


def of_method(method: Method, design: Design) -> list[str]:
    """A method that needs an anchor, where there is none."""
    if method not in BY_ANCHOR or design == "common_items":
        return []
    return [f"{method} links forms of different people by the items that are in both: --design common_items"]


def of_request(known: Crosswalk | None, target: str, *, by_items: bool) -> list[str]:
    """Known parameters that are of no use here."""
    if known is None:
        return []
    if not by_items:
        return ["known parameters are for the methods by items: --method irt_true_score, for one"]
    if not any(component.by_items for component in known.components.values()):
        return [f"{known.id} was not linked by items, and has no parameters of any"]
    instruments = {
        item.instrument for each in known.components.values() if each.by_items for item in each.by_items.items
    }
    return [] if target in instruments else [f"{known.id} has no parameters of {target}"]


def of_component(component: str, source: Measured | None, target: Measured | None, ids: tuple[str, str]) -> str | None:
    """A component that one side does not have."""
    lacking = [name for name, side in zip(ids, (source, target), strict=True) if side is None]
    return (
        f"{component}: {' and '.join(lacking)} {'does' if len(lacking) == 1 else 'do'} not map to it"
        if lacking
        else None
    )


_OVERLAP = {
    "single_group": "no participant has complete forms of both for one session",
    "nearby_sessions": "no participant has complete forms of both within {window} (--within, --within-sessions)",
    "nested_items": "there are no complete forms of the longer one",
}


def of_pairs(component: str, pairs: Pairs, design: Design, window: object, fewest: int) -> str | None:
    """No overlap, or too little; `window` is what nearby sessions may be apart, in words."""
    if not pairs.number:
        lacking = _OVERLAP[design].format(window=window)
        return f"{component}: {lacking}; `alliance-etl link --plan` shows which sites could give them"
    if pairs.n_participants < fewest:
        return (
            f"{component}: {pairs.number} pairs of {pairs.n_participants} participants, and {fewest} participants are "
            f"asked for (--participants); {fewest - pairs.n_participants} more are needed"
        )
    return None


def of_order(component: str, pairs: Pairs, override: str | None) -> str | None:
    """Forms of different days, one of which always came first: a change of the alliance would pass for a difference."""
    if pairs.apart is None or override:
        return None
    first = {"source": int((pairs.apart > 0).sum()), "target": int((pairs.apart < 0).sum())}
    if all(first.values()) or not any(first.values()):
        return None
    always = max(first, key=lambda side: first[side])
    return (
        f"{component}: the {always}'s form never came second, so a change in between cannot be told from a "
        'difference between both instruments; --despite-order "REASON" links them all the same'
    )


def of_groups(component: str, common: Mapping[int, int], participants: tuple[int, int], fewest: int) -> str | None:
    """No common item, or too few people on a side."""
    if not common:
        return f"{component}: no item of the one instrument is known to be an item of the other there"
    few = [f"{n} of the {side}" for side, n in zip(("source", "target"), participants, strict=True) if n < fewest]
    if few:
        return (
            f"{component}: {' and '.join(few)} have complete forms, and {fewest} participants are asked for on each "
            f"side (--participants)"
        )
    return None


def of_difference(component: str, anchor: Anchor, override: str | None) -> str | None:
    """Groups that are too far apart to be compared by a few items."""
    if abs(anchor.difference) <= LARGEST_DIFFERENCE or override:
        return None
    return (
        f"{component}: on the common items the groups differ by {anchor.difference:.2f} standard deviations, more than "
        f'{LARGEST_DIFFERENCE}, and any method would guess; --despite-difference "REASON" links them all the same'
    )


def of_correlation(component: str, correlation: float, override: str | None, what: str = "the scores") -> str | None:
    """Scores that do not measure the same thing well enough."""
    if correlation >= LOWEST_CORRELATION or override:
        return None
    return (
        f"{component}: {what} correlate {correlation:.3f}, below {LOWEST_CORRELATION} (knowing the one does not "
        'halve the uncertainty about the other); --despite-correlation "REASON" links them all the same, and the '
        "crosswalk says so"
    )
