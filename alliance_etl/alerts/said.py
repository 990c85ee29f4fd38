"""What was said of alerts, by the verb and in drops: one word per site and alert, and whether it may be published."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from alliance_etl.findings.frame import told_by_length
from alliance_etl.intake.identifying_values import reaches_somebody
from alliance_etl.state.archive import Archive
from alliance_etl.state.entries import Drop
from alliance_etl.state.ledger import Ledger

# A shorter word tells nobody apart: withholding it would only hide what is said.
_SHORTEST_ID = 3
# An id may be several words, such as a name.
_MOST_WORDS = 3

IsId = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Said:
    """Somebody's word that an alert's value is right. In a drop it stands at `line` of `drop`; `withheld` names what of
    it is not published, since it tells who or where somebody is; `about` is what was known of the alert at the time.
    """

    site: str
    alert_id: str
    confirmed_by: str
    confirmed_at: datetime
    reason: str
    how: Literal["verb", "drop"]
    drop: Drop | None = None
    line: int | None = None
    withheld: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def everything_said(ledger: Ledger, archive: Archive) -> list[Said]:
    """One word per site and alert: the verb's, else that of the latest drop."""
    said = {(word.site, word.alert_id): word for word in _in_drops(ledger, archive)}
    for c in ledger.confirmations():
        word = Said(c.site, c.alert_id, c.confirmed_by, c.confirmed_at, c.reason, "verb", about=asdict(c))
        said[c.site, c.alert_id] = word
    return [said[key] for key in sorted(said)]


def _in_drops(ledger: Ledger, archive: Archive) -> Iterator[Said]:
    for drop in ledger.answering():
        for answer in ledger.answers(drop):
            who, why = json.loads(archive.unseal(answer.sealed))
            yield Said(drop.site, answer.alert_id, who, drop.received_at, why, "drop", drop, answer.line)


def for_everybody(said: Said, is_id: IsId) -> Said:
    """The same without what names somebody; `is_id` tells whether one of some texts is an id of the site."""
    if names_somebody(said.confirmed_by, is_id):
        withheld = (*said.withheld, "confirmed_by")
        said = replace(said, confirmed_by=told_by_length(said.confirmed_by), withheld=withheld)
    if names_somebody(said.reason, is_id):
        said = replace(said, reason=told_by_length(said.reason), withheld=(*said.withheld, "reason"))
    return said


def names_somebody(text: str, is_id: IsId) -> bool:
    """Whether a text holds an id of the site, an e-mail address or a telephone number."""
    return reaches_somebody(text) or is_id(sorted(_candidates(text)))


def _candidates(text: str) -> set[str]:
    """The text, its words, and neighbouring words together, each also without punctuation around it."""
    words = text.split()
    runs = (words[at : at + length] for length in range(1, _MOST_WORDS + 1) for at in range(len(words)))
    texts: Iterable[str] = (text, *(" ".join(run) for run in runs), *re.split(r"\W+", text))
    both = (form for each in texts for form in (each, re.sub(r"^\W+|\W+$", "", each)))
    return {form for form in both if len(form) >= _SHORTEST_ID}
