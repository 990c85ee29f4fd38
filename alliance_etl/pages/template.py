"""Templates of pages: how they are read, and the words that they share. What is said stands in the templates."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup


def template(package: str, name: str) -> "Template":
    """The template of that name in a package's folder; it can include what stands here, such as house.css."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("alliance_etl.pages", ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = counted
    environment.filters["with_code"] = with_code
    return environment.get_template(name)


def counted(number: int, noun: str) -> str:
    """Number and noun, in the plural where it is not one."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def with_code(text: str) -> "Markup":
    """A message, escaped, with what stands in `backticks` set as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped on this line
