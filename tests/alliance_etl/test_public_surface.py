"""What `import alliance_etl` promises: these names, quickly, and no Dagster in a notebook."""

import json
import subprocess
import sys
from importlib.metadata import version
from inspect import isclass

import pytest

import alliance_etl

EXCEPTIONS = {
    "AllianceError",
    "AnswersNotScorable",
    "ColumnsTaken",
    "ConfigurationError",
    "InstrumentFileError",
    "ItemColumnsWrong",
    "KeyNeeded",
    "NotChecked",
    "RunFailed",
    "ScoringError",
    "StudyFileError",
    "StudyLocked",
    "UnknownInstrument",
}
PUBLIC = EXCEPTIONS | {"ProvisionalKey", "__version__", "load_registry", "load_study", "score"}


def loaded_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running the code."""
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_public_names_are_these():
    assert set(alliance_etl.__all__) == PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_can_be_had(name):
    assert getattr(alliance_etl, name) is not None
    assert name in dir(alliance_etl)


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_every_public_exception_is_an_alliance_error(name):
    error = getattr(alliance_etl, name)

    assert isclass(error)
    assert issubclass(error, alliance_etl.AllianceError)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        alliance_etl.scores  # noqa: B018 - the access is the act


def test_the_version_is_that_of_the_distribution():
    assert alliance_etl.__version__ == version("alliance-etl")


def test_importing_the_package_loads_no_heavy_library():
    loaded = loaded_after("import alliance_etl")

    assert not loaded & {
        "dagster",
        "duckdb",
        "narwhals",
        "pandas",
        "pandera",
        "polars",
        "pyarrow",
        "pydantic",
        "ruamel",
    }


def test_scoring_in_a_notebook_needs_neither_dagster_nor_pandera():
    loaded = loaded_after(
        "import alliance_etl, polars\n"
        "alliance_etl.score(polars.DataFrame({f'item_{n}': [4] for n in range(1, 13)}), 'wai_sr_client')"
    )

    assert not loaded & {"dagster", "pandera", "great_expectations", "pandas"}
