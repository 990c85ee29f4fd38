"""What tells of a night at its end, however it ended: notices and the page. What cannot be told makes no night fail."""

import sqlite3
from contextlib import closing, suppress

from alliance_etl.errors import StudyLocked, told_plainly
from alliance_etl.morning.notices import of_notices, send_notices
from alliance_etl.morning.page import write_page
from alliance_etl.morning.told import morning_of
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.lock import study_lock
from alliance_etl.study.model import Study


def tell_again(study: Study) -> None:
    """Tell of the last night once more, after something was found that its end did not know of. Where a night is at
    work, its own end tells of it.
    """
    layout = Layout(study.folder)
    with suppress(StudyLocked), study_lock(layout.lock, wait_seconds=1), closing(Ledger(layout.ledger)) as ledger:
        tell_of_the_night(study, ledger)


def tell_of_the_night(study: Study, ledger: Ledger) -> str | None:
    """Tell of the last night in the book; why that could not be done, in words, where it could not.

    A notice that could not be sent is on the page, and tried again by the next night.
    """
    untold = []
    layout = Layout(study.folder)
    try:
        morning = morning_of(study, layout, ledger)
    except OSError as trouble:
        return f"what there is to tell could not be read: {told_plainly(trouble)}"
    if morning is None:
        return None
    if study.notices and morning.night.outcome != "partial":
        try:
            send_notices(morning, ledger)
        except sqlite3.OperationalError as trouble:
            untold.append(f"what notices have told could not be entered in the ledger: {trouble}")
    try:
        write_page(morning.with_more(of_notices(study, ledger)), layout)
    except OSError as trouble:
        untold.append(f"the page of the night could not be written: {told_plainly(trouble)}")
    return "; ".join(untold) or None
