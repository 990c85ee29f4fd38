"""Lines that no export could take apart, and what is said of them."""

import polars as pl

from alliance_etl.findings.frame import cause, no_cells

_UNBROKEN = {
    "nul_bytes": "text without NUL bytes",
    "unterminated_quote": "a quotation mark that closes the cell",
    "not_json": "JSON",
    "not_a_resource": "a resource of FHIR R4",
    "not_understood": "a resource without modifierExtension and implicitRules",
}


def broken_cells(broken: pl.DataFrame, encoding: str) -> pl.DataFrame:
    """The lines that no export could take apart, as failing cells of the file as a whole."""
    if broken.is_empty():
        return no_cells()
    ragged = pl.col("code").is_in(["row_too_short", "row_too_long"])
    cells = broken.with_columns(
        detail=pl.when(ragged)
        .then(pl.format("{} instead of {}", "fields", "expected"))
        .when(pl.col("code") == "not_json")
        .then(pl.format("character {}", "fields")),
        expected=pl.when(ragged)
        .then(pl.format("{} cells", "expected"))
        .otherwise(pl.col("code").replace_strict({**_UNBROKEN, "undecodable_bytes": encoding}, default=None)),
    ).with_columns(
        cause=pl.concat_str("code", pl.col("detail").fill_null("")).map_elements(cause, return_dtype=pl.String),
        count=pl.lit(1, dtype=pl.Int64),
    )
    named = cells.select("line", "code", "expected", "detail", "cause", "count")
    return pl.concat([no_cells(), named], how="diagonal").select(no_cells().columns)
