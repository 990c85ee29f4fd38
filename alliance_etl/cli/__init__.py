"""The command line: one small module per verb, each of which loads late what it needs."""


def main() -> None:
    """The entry point of `alliance-etl`."""
    from alliance_etl.cli.app import app

    app(prog_name="alliance-etl")
