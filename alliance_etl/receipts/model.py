"""What receipt.json holds, as types. schemas/receipt.schema.json is made from them; VERSION is raised when a key
changes its meaning or goes, not when one is added.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from alliance_etl.night.reports import DropStatus

VERSION = 2


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RowCounts(_Part):
    """Where the rows of a file went; rows_read is the sum of the other five."""

    rows_read: int = Field(description="Rows after the header, blank ones included.")
    new: int = Field(description="Rows of forms that had not come before.")
    changed: int = Field(description="Rows that replace an earlier version of their form.")
    unchanged: int = Field(description="Rows that say what is known already.")
    held: int = Field(description="Rows that cannot be trusted yet: see findings of severity error.")
    skipped: int = Field(description="Blank rows, and rows that study.yaml leaves out.")


class Difference(_Part):
    """What one export's view of the file brought, compared with what the site had sent before."""

    new: int = Field(description="Forms that had not come before.")
    changed: int = Field(description="Forms of which a new version came.")
    changed_cells: dict[str, int] = Field(description="Of the changed forms: column and how often it differs.")
    not_in_this_file: int = Field(
        description="Forms of the instrument that earlier files brought and this one does not repeat; they stay."
    )


class ReceiptFinding(_Part):
    """One cause, with the number of cells (or rows) that it has."""

    export: str | None = Field(description="The export that it is about; null: the file as a whole.")
    line: int | None = Field(description="Line of the file (1-based) where it stands first.")
    column: str | None = Field(description="The column's name.")
    cell: str | None = Field(description="The cell as a spreadsheet shows it, such as C17.")
    code: str = Field(description="Stable code; `alliance-etl explain CODE` tells more.")
    severity: Literal["error", "alert", "warning"] = Field(
        description="error: rows are held; alert: taken in, please confirm; warning: for your information."
    )
    value: str | None = Field(description="What stands there: a number, a date or a declared code; else its length.")
    expected: str | None = Field(description="What was expected.")
    message: str = Field(description="What is wrong, in words.")
    how_to_fix: str = Field(description="What to do next.")
    count: int = Field(description="How many cells or rows have this cause.")


class Receipt(_Part):
    """What a site gets back for one file."""

    receipt: Literal[2] = Field(description="Version of this document.")
    drop_id: str = Field(description="First 16 hex digits of the file's SHA-256.")
    site: str = Field(description="The site as in study.yaml.")
    file: str = Field(description="Name of the file as it was dropped.")
    status: DropStatus = Field(description="What became of the file as a whole.")
    rows_read: int
    new: int
    changed: int
    unchanged: int
    held: int
    skipped: int
    exports: dict[str, RowCounts] = Field(description="The same counts for each export that reads the file.")
    sha256: str = Field(description="SHA-256 of the file's bytes.")
    bytes: int = Field(description="Size of the file.")
    received_at: datetime = Field(description="When it was taken in.")
    read_as: dict[str, Any] = Field(description="How the file is written, as found: encoding, delimiter, columns, …")
    against_earlier: dict[str, Difference] = Field(
        description="Per export: the file against what the site had sent before. Empty for a duplicate."
    )
    made_good: int = Field(description="How many of the held rows later files have made good: they wait no more.")
    fixme: str | None = Field(description="Name of the file beside this one that holds just the held rows; null: none.")
    confirmations: str | None = Field(
        description="Name of the file beside this one in which the open alerts can be confirmed; null: none is open."
    )
    findings: list[ReceiptFinding] = Field(description="What was found, one entry per cause, in the file's order.")
