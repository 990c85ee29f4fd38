"""What tells of a night at its end, however it ended: the page. What cannot be told makes no night fail."""

from alliance_etl.errors import told_plainly
from alliance_etl.morning.page import write_night_page
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study


def tell_of_the_night(study: Study, ledger: Ledger) -> str | None:
    """Tell of the last night in the book; why that could not be done, in words, where it could not."""
    try:
        write_night_page(study, ledger)
    except OSError as trouble:
        return f"the page of the night could not be written: {told_plainly(trouble)}"
    return None
