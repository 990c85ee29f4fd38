"""Why two scores are not linked, in words, with what would have to be different."""

from collections.abc import Sequence

from alliance_etl.crosswalks.model import LOWEST_CORRELATION
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


def of_component(component: str, source: Measured | None, target: Measured | None, ids: tuple[str, str]) -> str | None:
    """A component that one side does not have."""
    lacking = [name for name, side in zip(ids, (source, target), strict=True) if side is None]
    return (
        f"{component}: {' and '.join(lacking)} {'does' if len(lacking) == 1 else 'do'} not map to it"
        if lacking
        else None
    )


def of_pairs(component: str, pairs: Pairs, fewest: int) -> str | None:
    """No overlap, or too little."""
    if not pairs.number:
        return (
            f"{component}: no participant has complete forms of both for one session; "
            "`alliance-etl link --plan` shows which sites could give them"
        )
    if pairs.n_participants < fewest:
        return (
            f"{component}: {pairs.number} pairs of {pairs.n_participants} participants, and {fewest} participants are "
            f"asked for (--participants); {fewest - pairs.n_participants} more are needed"
        )
    return None


def of_correlation(component: str, correlation: float, override: str | None) -> str | None:
    """Scores that do not measure the same thing well enough."""
    if correlation >= LOWEST_CORRELATION or override:
        return None
    return (
        f"{component}: the scores correlate {correlation:.3f}, below {LOWEST_CORRELATION} (knowing the one does not "
        'halve the uncertainty about the other); --despite-correlation "REASON" links them all the same, and the '
        "crosswalk says so"
    )
