"""How all of study.yaml's types behave: unknown keys refused, nothing changed later, empty keys as left out."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    # Fields that the place in the file gives (a site's name is its key): no keys of study.yaml.
    given: ClassVar[frozenset[str]] = frozenset()

    # Keys that may be left out although the type has no default: it follows from the place in the file.
    completed: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_left_out(cls, data: Any) -> Any:
        """A known key with nothing after the colon counts as left out."""
        if not isinstance(data, Mapping):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in known}
