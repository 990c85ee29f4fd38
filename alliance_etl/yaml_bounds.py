"""What a YAML file of people's settings may be, before it is taken apart: none of them nests deeply or stands for
millions of values. Without this a few lines of brackets, or of anchors of anchors, end the process.
"""

from typing import Any

import yaml

MOST_BYTES = 16 << 20
DEEPEST = 40
MOST_VALUES = 1_000_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class OutOfBounds(Exception):
    """The text is no file of settings; `line` counts from 1."""

    def __init__(self, line: int, words: str) -> None:
        self.line, self.words = line, words
        super().__init__(f"line {line}: {words}")


def refuse_unbounded(text: str) -> None:
    """Raise OutOfBounds for a text that is too large, too deep, or stands for too many values once its aliases are
    followed; yaml.YAMLError where it is no YAML.
    """
    if len(text) > MOST_BYTES:
        raise OutOfBounds(1, f"the file has more than {MOST_BYTES >> 20} MiB; expected settings")
    known: dict[str, int] = {}
    open_: list[list[Any]] = []  # anchor and number of values of each list or mapping that is open
    for event in yaml.parse(text, Loader=_LOADER):
        anchor, values = getattr(event, "anchor", None), 1
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append([anchor, 1])
            if len(open_) > DEEPEST:
                raise OutOfBounds(_line(event), f"lists or keys within one another, more than {DEEPEST} times")
            continue
        if isinstance(event, yaml.AliasEvent):
            values = known.get(str(anchor), 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, values = open_.pop()
        elif not isinstance(event, yaml.ScalarEvent):
            continue
        if anchor is not None and not isinstance(event, yaml.AliasEvent):
            known[str(anchor)] = values
        if open_:
            open_[-1][1] += values
        if values > MOST_VALUES or (open_ and open_[-1][1] > MOST_VALUES):
            raise OutOfBounds(_line(event), f"it stands for more than {MOST_VALUES:,} values; expected settings")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
