"""The command line: one small module per verb, each of which loads late what it needs."""

import gc


def main() -> None:
    """The entry point of `alliance-etl`."""
    # Modules and models are hundreds of thousands of objects that stay: looking through them again and again for
    # garbage takes a tenth of a run.
    gc.set_threshold(200_000, 20, 20)

    from alliance_etl.cli.app import app

    try:
        app(prog_name="alliance-etl")
    finally:
        gc.freeze()  # the same once more, at the interpreter's end, would find nothing that does not go anyway
