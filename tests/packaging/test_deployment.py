"""Where the deployment is found: the checkout before the wheel's copy, and never nothing in silence."""

import sys
from pathlib import Path

import pytest

from alliance_etl import deployment
from alliance_etl.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package of which nothing is there yet but its folder."""
    folder = tmp_path / "site-packages" / "alliance_etl"
    folder.mkdir(parents=True)
    monkeypatch.setattr(deployment, "_PACKAGE", folder)
    return folder


def fill(folder: Path) -> Path:
    for name in ("assets", "schemas"):
        (folder / name).mkdir(parents=True)
    return folder


def test_the_checkout_is_the_deployment_where_there_is_one() -> None:
    assert deployment.deployment_root() == ROOT


def test_an_installed_package_uses_the_copy_inside_it(package: Path) -> None:
    inside = fill(package / "_deployment")

    assert deployment.deployment_root() == inside


def test_folders_of_these_names_on_site_packages_are_somebody_elses(package: Path) -> None:
    fill(package.parent)
    inside = fill(package / "_deployment")

    assert deployment.deployment_root() == inside


def test_an_incomplete_installation_says_what_to_do(package: Path) -> None:
    with pytest.raises(ConfigurationError, match="install alliance-etl again"):
        deployment.deployment_root()


def test_the_deployment_comes_first_on_the_path_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["elsewhere", str(ROOT), "further"])

    deployment.use_deployment()

    assert sys.path == [str(ROOT), "elsewhere", "further"]
