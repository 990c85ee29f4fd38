"""The crosswalks that study.yaml names: read, held against the registry, and what each instrument is linked by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliance_etl.crosswalks.files import CrosswalkFileError, read_crosswalk
from alliance_etl.crosswalks.model import Crosswalk
from alliance_etl.instruments.registry import Registry
from alliance_etl.study.model import Study


@dataclass(frozen=True)
class Ruler:
    """On which instrument's ruler the linked scores of an instrument are, and by which crosswalk; None: its own."""

    metric: str
    crosswalk: Crosswalk | None
    measurement_errors: Mapping[str, float]
    """Component to the standard error of measurement of a single form, in POMP of the metric."""


def crosswalks_of(study: Study, registry: Registry) -> tuple[Crosswalk, ...]:
    """CrosswalkFileError with every reason why one of them cannot be used."""
    found = [(name, read_crosswalk(study.folder / name, name)) for name in study.crosswalks]
    problems = [problem for name, crosswalk in found for problem in _misfits(name, crosswalk, registry)]
    problems += _twice(found)
    if problems:
        raise CrosswalkFileError("\n".join(problems))
    return tuple(crosswalk for _, crosswalk in found)


def ruler_of(instrument_id: str, crosswalks: Sequence[Crosswalk]) -> Ruler | None:
    """How the scores of an instrument are linked; None where no crosswalk concerns it."""
    for crosswalk in crosswalks:
        if crosswalk.source == instrument_id:
            errors = {name: link.measurement_error for name, link in crosswalk.components.items()}
            return Ruler(crosswalk.target, crosswalk, {name: e for name, e in errors.items() if e is not None})
    to_it = [crosswalk for crosswalk in crosswalks if crosswalk.target == instrument_id]
    if not to_it:
        return None
    own: dict[str, float] = {}
    for crosswalk in to_it:
        for name, link in crosswalk.components.items():
            if link.target.alpha is not None:
                own.setdefault(name, round(link.target.sd * max(0.0, 1 - link.target.alpha) ** 0.5, 4))
    return Ruler(instrument_id, None, own)


def _misfits(name: str, crosswalk: Crosswalk, registry: Registry) -> list[str]:
    problems = []
    for instrument in (crosswalk.source, crosswalk.target):
        known = registry.get(instrument)
        if known is None:
            problems.append(f"{name}: no instrument {instrument!r} in the registry")
        elif crosswalk.keys.get(instrument) != registry.fingerprint(instrument):
            problems.append(
                f"{name}: {instrument} was defined otherwise when this was estimated, and with another key the link "
                f"does not hold; estimate it again (alliance-etl link {crosswalk.source} {crosswalk.target})"
            )
    return problems


def _twice(found: Sequence[tuple[str, Crosswalk]]) -> list[str]:
    """Instruments with two rulers, or whose ruler is linked on itself."""
    problems = []
    for place, (name, crosswalk) in enumerate(found):
        for other, earlier in found[:place]:
            if crosswalk.source == earlier.source:
                problems.append(f"{name}: {crosswalk.source} is linked by {other} already; name one of them")
        for other, linked in found:
            if crosswalk.target == linked.source:
                problems.append(
                    f"{name}: its ruler {crosswalk.target} is itself linked to {linked.target} by {other}; "
                    "links are not chained"
                )
    return problems
