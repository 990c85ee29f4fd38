"""A content that comes again: a copy that is harmless, or the site's newest word. See docs/adr/0020."""

from collections.abc import Sequence
from dataclasses import dataclass

from alliance_etl.alerts.answers import NAME as ANSWERS
from alliance_etl.alerts.answers import may_answer_alerts
from alliance_etl.findings.comment import may_be_fixme
from alliance_etl.night.plans import Plans
from alliance_etl.state.entries import Drop


@dataclass(frozen=True)
class ComingAgain:
    """`first`: the drop that brought the content first. `others_since`: whether the same exports have read anything
    else since it last came; without, nothing can have changed. `counts`: whether it is the site's newest word.
    """

    first: Drop
    others_since: bool
    counts: bool


def coming_again(drop: Drop, earlier: Sequence[Drop], plans: Plans) -> ComingAgain | None:
    """Where `earlier` drops of the site brought the same content, read by the same exports; else None.

    It counts as the newest word where the file is the whole history (`snapshot`), and where it stands in the place of
    another content under the same name: then the site has put it back. A content of which nothing was taken is no
    other one: who looks while a copy is still half there must not see more in it than who comes later. A copy under
    another name is no newest word, nor is a fixme file, whose name says nothing.
    """
    exports = _read_by(drop.file, plans)
    same = [
        number
        for number, other in enumerate(earlier)
        if other.sha256 == drop.sha256 and _read_by(other.file, plans) == exports
    ]
    first = next((earlier[number] for number in same if earlier[number].status != "duplicate"), None)
    if first is None:
        return None
    names = set(exports)
    others_since = any(
        other.status != "duplicate" and not names.isdisjoint(other.exports) for other in earlier[same[-1] + 1 :]
    )
    before = next((other for other in reversed(earlier) if other.file == drop.file and _taken(other)), None)
    put_back = before is not None and before.sha256 != drop.sha256
    whole_history = any(plan.export.snapshot for plan in plans.for_file(drop.file))
    return ComingAgain(first, others_since, (put_back or whole_history) and not may_be_fixme(drop.file))


def _taken(drop: Drop) -> int:
    """How many of its rows are a form's answers, not held and not skipped."""
    return drop.counts.new + drop.counts.changed + drop.counts.unchanged


def _read_by(file: str, plans: Plans) -> tuple[str, ...]:
    """The exports that read a file of this name; a fixme file is never the same as another."""
    exports = [plan.name for plan in plans.for_file(file)]
    return (*exports, *(["fixme"] if may_be_fixme(file) else []), *([ANSWERS] if may_answer_alerts(file) else []))
