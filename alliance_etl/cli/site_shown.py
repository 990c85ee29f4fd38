"""How `site add` shows what it proposes and what it leaves open: as words, and as a document."""

from collections.abc import Mapping
from typing import Any

from alliance_etl.proposal.model import Doubt, Proposal


def choices_of(doubt: Doubt) -> str:
    """What a doubt can be answered with, as the end of its question."""
    named = [choice.value for choice in doubt.choices][:12]
    return f" Possible: {', '.join(named)}." if named else ""


def counted(doubts: list[Doubt]) -> str:
    """How many points are open."""
    return f"{len(doubts)} point{'s' * (len(doubts) > 1)}"


def doubt_as_document(doubt: Doubt) -> dict[str, Any]:
    """A doubt as `--json` prints it."""
    choices = [{"value": choice.value, "why": choice.why} for choice in doubt.choices]
    return {"about": doubt.about, "form": doubt.of, "asks": doubt.asks, "flag": doubt.flag, "choices": choices}


def proposal_as_document(proposal: Proposal) -> Mapping[str, Any]:
    """A proposal without doubts as `--json` prints it."""
    return {
        "exports": {draft.name: draft.entry for draft in proposal.drafts},
        "reasons": {
            draft.name: [{"key": each.key, "is": each.value, "because": each.why} for each in draft.reasons]
            for draft in proposal.drafts
        },
        "doubts": [],
        "remarks": [*proposal.remarks, *(remark for draft in proposal.drafts for remark in draft.remarks)],
    }
