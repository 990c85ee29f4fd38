"""`units`: the services of a study, for systemd."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from alliance_etl.cli.console import print_document
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("units")(verb(units))


def units(
    to: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the units are written, such as /etc/systemd/system.")
    ],
    user: Annotated[str | None, typer.Option(help="Who the services run as; default you.")] = None,
    port: Annotated[int, typer.Option(help="Port of Dagster's page, on this machine only.")] = 3000,
    memory: Annotated[str, typer.Option(help="What the daemon and its runs may take, as systemd spells it.")] = "4G",
    backup_to: Annotated[Path | None, typer.Option(help="A daily backup into this folder, too.")] = None,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write systemd units: Dagster's daemon (nights, dropped files), its page, and a daily backup where asked for.

    Example: `alliance-etl units /etc/systemd/system --user alliance --backup-to /mnt/backup/north_star`
    """
    from alliance_etl.deployment import use_deployment
    from alliance_etl.study.load import load_study
    from alliance_etl.units import Wanted, units_of, write_units

    use_deployment()
    from assets.home import dagster_home

    loaded = load_study(study)
    backup = backup_to.absolute() if backup_to else None
    wanted = Wanted(user or getpass.getuser(), dagster_home(loaded.folder), port, memory, backup)
    written = write_units(units_of(loaded, wanted), to.absolute())
    if as_json:
        print_document({"units": [str(path) for path in written]})
        return
    for path in written:
        print(path)
    started = " ".join(path.name for path in written if path.name != f"alliance-{loaded.slug}-backup.service")
    print(f"To start them, now and with the machine: systemctl daemon-reload && systemctl enable --now {started}")
