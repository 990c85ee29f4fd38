"""The rules of study.yaml's `course` as rows of published tables, which the views read."""

from typing import Any

from alliance_etl.study.model import Study


def rupture_rule_rows(study: Study) -> list[dict[str, Any]]:
    """The one row of `rupture_rules`."""
    return [study.course.ruptures.model_dump()]


def change_rule_rows(study: Study) -> list[dict[str, Any]]:
    """The rows of `change_rules`: one per instrument and scale."""
    return [rule.model_dump() for rule in study.course.change]
