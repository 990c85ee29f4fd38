"""Where the deployment is: the folder that holds `assets/` (the Dagster code location) and `schemas/` (the contracts).

Both are importable by these plain names in a checkout, where they are meant to be read and changed. On site-packages
names as general as `assets` and `schemas` would collide with other people's, so a wheel carries the two folders as
data inside this package, and a process that needs them puts their parent on its own `sys.path`. So
`pip install alliance-etl` runs a study without a checkout.
"""

import sys
from pathlib import Path

from alliance_etl.errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parent


def deployment_root() -> Path:
    """The folder of `assets/` and `schemas/`: the checkout that this package is read from, else the copy in the wheel.

    Raises ConfigurationError where neither is there, which means that the installation is damaged.
    """
    checkout, inside_wheel = _PACKAGE.parent, _PACKAGE / "_deployment"
    if (checkout / "pyproject.toml").is_file() and _holds_deployment(checkout):
        return checkout
    if _holds_deployment(inside_wheel):
        return inside_wheel
    raise ConfigurationError(
        f"no assets/ and schemas/ beside or inside {_PACKAGE}: the installation is incomplete; "
        "install alliance-etl again (pip install --force-reinstall alliance-etl), or run `make setup` in the checkout"
    )


def use_deployment() -> Path:
    """Make `assets` and `schemas` importable in this process, before anything else of that name; return their folder.

    Calling it again changes nothing. Child processes do not inherit it: each calls it for itself.
    """
    root = deployment_root()
    sys.path[:] = [str(root), *(entry for entry in sys.path if entry != str(root))]
    return root


def _holds_deployment(folder: Path) -> bool:
    return (folder / "assets").is_dir() and (folder / "schemas").is_dir()
