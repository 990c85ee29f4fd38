"""Which study this code location runs: the one that $ALLIANCE_STUDY names, else the one in the working directory."""

import os

from alliance_etl.instruments.registry import Registry, load_registry
from alliance_etl.study.load import check_against, load_study
from alliance_etl.study.model import Study


def study_here() -> Study:
    """The study of this process. StudyFileError where its study.yaml is missing or wrong."""
    return load_study(os.environ.get("ALLIANCE_STUDY", "."))


def registry_of(study: Study) -> Registry:
    """The instruments that are known to the study, with its own ones. ConfigurationError where they do not fit it."""
    registry = load_registry(study.folder / "instruments")
    check_against(study, registry)
    return registry
