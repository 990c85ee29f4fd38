"""The key `limits` of study.yaml: how large what a site sends may be."""

from pydantic import Field

from alliance_etl.reading import limits as reading
from alliance_etl.study.strict import Strict

_READ = reading.Limits()


class Limits(Strict):
    """How large what a site sends may be; what is larger is refused with a finding, and not read."""

    file_mib: int = Field(default=_READ.file_mib, ge=1, description="MiB of a file, as it came and unpacked.")
    unpacked_times: int = Field(
        default=_READ.unpacked_times,
        ge=2,
        description="How many times its size a packed file or workbook may unpack to, once that is more than 64 MiB.",
    )
    whole_mib: int = Field(
        default=_READ.whole_mib,
        ge=1,
        description="MiB, unpacked, of a file that has to be read whole: a workbook, a statistics file, a FHIR Bundle.",
    )
    cells: int = Field(
        default=_READ.cells,
        ge=1,
        description="Cells of a sheet or statistics file, up to the last row and column that hold anything.",
    )
    columns: int = Field(default=_READ.columns, ge=1, description="Columns of a table.")
    line_mib: int = Field(default=_READ.line_mib, ge=1, description="MiB of one line of a text file.")
    id_characters: int = Field(
        default=10_000, ge=8, description="Characters of a participant's, therapist's or rater's id."
    )
    files: int = Field(default=100_000, ge=1, description="Files that a remote source may list.")

    def of_reading(self) -> reading.Limits:
        """Those that a file meets while it is opened and read."""
        return reading.Limits(**self.model_dump(include=set(reading.Limits.__dataclass_fields__)))
