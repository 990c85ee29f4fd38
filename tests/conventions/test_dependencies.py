"""What the library imports is what the wheel asks for, and each of these has its reason on a page."""

import re
import sys
from importlib.metadata import packages_distributions
from itertools import chain

import pytest

from tests.conventions.tree import LIBRARY, ROOT, modules, pyproject

OWN = {*LIBRARY, "__future__"}
# no one without the other
INSEPARABLE = {"pydantic_core": "pydantic", "markupsafe": "jinja2", "sqlalchemy": "dagster"}
PROJECT = pyproject()["project"]
DECLARED = sorted(
    re.split(r"[\[<>=!~ ]", requirement)[0].lower()
    for requirement in [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
)
REASONS = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text(encoding="utf-8")
IMPORTED = sorted({name.split(".")[0] for module in modules(*LIBRARY) for name, _ in module.imports()})


@pytest.mark.parametrize("name", [name for name in IMPORTED if name not in OWN | sys.stdlib_module_names])
def test_an_imported_package_is_a_declared_dependency(name: str) -> None:
    package = INSEPARABLE.get(name, name)
    distributions = {
        distribution.lower().replace("_", "-") for distribution in packages_distributions().get(package, [package])
    }

    assert distributions & set(DECLARED), f"{name} happens to be installed here; a bare environment may not have it"


@pytest.mark.parametrize("dependency", DECLARED)
def test_a_dependency_has_its_reason(dependency: str) -> None:
    named = " ".join(line.split("|")[1] for line in REASONS.splitlines() if line.startswith("| "))

    assert re.search(rf"(?<![\w-]){re.escape(dependency)}(?![\w-])", named)
