"""Who is told of what there is to do after a night, and how: the entries of `notices` in study.yaml.

Where a notice goes often holds a password or a token, so that it is named by a variable of the environment. Sending is
alliance_etl.morning's.
"""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from alliance_etl.study.fields import Slug, wrong
from alliance_etl.study.strict import Strict

Occasion = Literal["failed", "source", "held", "late", "silent", "alerts", "quality"]
"""Kinds of things to do that a notice can tell of, the most urgent first."""
OCCASIONS: tuple[Occasion, ...] = ("failed", "source", "held", "late", "silent", "alerts", "quality")

# Where a literal address holds no secret unless it has a password: e-mail by a server that asks for none, and webhooks.
_OPEN = ("mailto", "mailtos", "json", "jsons", "form", "forms", "xml", "xmls")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_BY_VARIABLE = (
    "put the address into a variable of the environment and name that here, as in url: $ALLIANCE_NOTICES_MAIL "
    "(docs/morning.md says how)"
)


def variable_of(url: str) -> str | None:
    """The variable of the environment that a url names; None where it stands there itself."""
    found = _VARIABLE.fullmatch(url)
    return (found[1] or found[2]) if found else None


def _address(value: str) -> str:
    if variable_of(value):
        return value
    if value.startswith("$"):
        raise wrong(f"no variable of the environment is called so; {_BY_VARIABLE}")
    parts = urlsplit(value)
    if not parts.scheme or "://" not in value:
        raise wrong(f"expected an address such as mailto://mail.example.org?to=me@example.org; better {_BY_VARIABLE}")
    if parts.password is not None or "pass=" in parts.query.lower():
        raise wrong(f"a password stands in the address; {_BY_VARIABLE}")
    if parts.scheme.lower() not in _OPEN:
        raise wrong(f"an address of {parts.scheme}:// is a secret by itself; {_BY_VARIABLE}")
    return value


class Notice(Strict):
    """A notice by e-mail, webhook or chat: where it goes, and of what it tells."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Where it goes, as an address of apprise: best $NAME, a variable of the environment that holds it; "
        "one with a password or a token must be named so."
    )
    when: tuple[Occasion, ...] = Field(
        default=OCCASIONS,
        min_length=1,
        description="Of what it tells: failed, source, held, late, silent, alerts, quality; left out, of all.",
    )
    sites: tuple[Slug, ...] = Field(
        default=(), description="Tells only what is to do at these sites; left out, of all and of the study itself."
    )
    again_after_days: int = Field(
        default=7, ge=1, description="Days after which it tells again what is still to do and has not changed."
    )

    @property
    def name(self) -> str:
        """What it is called where everybody may read it: the variable, or the address up to its host."""
        if variable_of(self.url):
            return self.url
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
