"""What a file brought, compared with what its site had sent before."""

from alliance_etl.forms.fold import Folded
from alliance_etl.intake.plan import Plan


def difference(plan: Plan, folded: Folded, forms_before: int) -> dict[str, object]:
    """One export's part of `against_earlier` (alliance_etl.receipts.model.Difference), in the file's own columns.

    `forms_before` is how many forms of the instrument the site had before.
    """
    return {
        "new": folded.arrived.height - folded.superseded.height,
        "changed": folded.superseded.height,
        "changed_cells": _by_column(plan, folded.changed_cells),
        "not_in_this_file": forms_before - folded.known_forms,
    }


def _by_column(plan: Plan, changed: dict[str, int]) -> dict[str, int]:
    """Changes by column as the site names it; a reason of a missing answer is told by its item where that changed."""
    columns = {
        **{f"item_{item}": column for item, column in plan.items.items()},
        **{f"given_{scale}": column for scale, column in plan.export.scores.items()},
        "session_date": plan.export.date,
        "session": plan.export.session,
        "therapist": plan.export.therapist,
        "rater": plan.export.rater,
        "participant": plan.export.participant,
        "missing": "reason of a missing answer",
    }
    if any(name.startswith("item_") for name in changed):
        changed = {name: count for name, count in changed.items() if name != "missing"}
    return {columns.get(name) or name: count for name, count in changed.items()}
