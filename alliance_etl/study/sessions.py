"""The key `sessions`: which session a text stands for, where a file names sessions instead of counting them."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from alliance_etl.study.fields import wrong
from alliance_etl.words import found

Sessions = dict[str, int] | tuple[str, ...]

_PARTS = re.compile(r"(\{n\}|\{word\}|\*)")
_PATTERNS = {"{n}": r"(?P<n>\d{1,9})", "{word}": r"(?P<word>.*?)", "*": r".*"}


def _sessions(value: Any) -> Sessions:
    if isinstance(value, Mapping):
        return {str(text): _number(text, number) for text, number in value.items()}
    templates = value if isinstance(value, list | tuple) else [value]
    for template in templates:
        if not isinstance(template, str) or template.count("{n}") != 1 or template.count("{word}") > 1:
            raise wrong(
                "expected texts and session numbers, as in {intake: 0, session_1_arm_1: 1}, or a text with {n} for the "
                f'number, as in "session_{{n}}_arm_1", found {found(template)}'
            )
    return tuple(templates)


def _number(text: object, number: object) -> int:
    if not re.fullmatch(r"\d{1,9}", str(number)):
        raise wrong(f"expected the number of session {found(text)}, a whole number from 0 up, found {found(number)}")
    return int(str(number))


def pattern(template: str) -> re.Pattern[str]:
    """What a template fits, case ignored: `n` is the session's number, `word` what is the same throughout a file."""
    parts = _PARTS.split(template)
    return re.compile("".join(_PATTERNS.get(part) or re.escape(part) for part in parts), re.IGNORECASE)


def by_template(texts: list[str], templates: tuple[str, ...]) -> dict[str, int]:
    """Session number of each text that the first fitting template reads.

    With {word}, all texts must fit and have the same word, or none is read: `week_4` and `session_4` are not the same
    session, and where `intake` is a session, too, the numbers of the others are not to be trusted.
    """
    patterns = [pattern(template) for template in templates]
    fits = {text: next((fit for each in patterns if (fit := each.fullmatch(text.strip()))), None) for text in texts}
    words = {fit.groupdict().get("word", "").casefold() if fit else None for fit in fits.values()}
    if any("{word}" in template for template in templates) and len(words) > 1:
        return {}
    return {text: int(fit["n"]) for text, fit in fits.items() if fit}


SessionNumbers = Annotated[
    Sessions,
    BeforeValidator(_sessions),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
                {"type": "string", "pattern": r"\{n\}"},
                {"type": "array", "items": {"type": "string", "pattern": r"\{n\}"}},
            ]
        }
    ),
]
