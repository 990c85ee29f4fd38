"""What scoring refuses, one class per failure. Part of the tree in alliance_etl.errors.

    AllianceError
    └── ScoringError
        ├── ItemColumnsWrong    the items cannot be found in the frame
        ├── ColumnsTaken        the frame has columns named like the results
        └── AnswersNotScorable  answers that are no numbers, or outside the instrument's range

Messages name columns and counts, never an answer.
"""

from collections.abc import Sequence

from alliance_etl.errors import AllianceError


class ProvisionalKey(UserWarning):
    """The instrument's key rests on analogy or general knowledge, not on a source that was read."""


class ScoringError(AllianceError):
    """A frame cannot be scored as it stands."""


class ItemColumnsWrong(ScoringError):
    """The columns of the items are not in the frame, or do not fit the instrument; `problems` holds every culprit."""

    def __init__(self, instrument_id: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"the items of {instrument_id} cannot be found: {'; '.join(problems)}. "
            'Say where they are with items=, e.g. items="wai_{n}", a list of columns in item order, or {1: "column", …}'
        )


class ColumnsTaken(ScoringError):
    """The frame has columns already that are named like results."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        super().__init__(
            f"the frame has columns already that are named like results: {', '.join(columns)}. "
            "Rename or drop them first (has this frame been scored before?)"
        )


class AnswersNotScorable(ScoringError):
    """Answers outside the instrument's range, or no numbers; `problems` holds one sentence per column."""

    def __init__(self, instrument_id: str, answers: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"nothing was scored: answers to {instrument_id} go from {answers}, but {'; '.join(problems)}. "
            "Turn missing codes into nulls and labels into numbers, and recode another range before scoring"
        )
