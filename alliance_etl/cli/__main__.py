"""`python -m alliance_etl.cli` is `alliance-etl`."""

from alliance_etl.cli import main

if __name__ == "__main__":
    main()
