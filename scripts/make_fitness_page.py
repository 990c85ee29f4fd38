"""Write the table of criteria in docs/fitness.md from alliance_etl/fitness/criteria.yaml.

Run it after changing a criterion (a test says when the page is stale):

    python -m scripts.make_fitness_page
"""

import re
from collections.abc import Iterator
from pathlib import Path

from alliance_etl.deployment import deployment_root
from alliance_etl.fitness.catalogue import criteria
from alliance_etl.study.fitness import Fitness

_TABLE = re.compile(r"(<!-- criteria -->\n).*?(<!-- end -->)", re.DOTALL)


def page_file() -> Path:
    return deployment_root() / "docs" / "fitness.md"


def page_text(page: str) -> str:
    """The page with its table made anew; what stands around it is written by hand."""
    return _TABLE.sub(lambda found: found[1] + "\n".join(_rows()) + "\n" + found[2], page)


def _rows() -> Iterator[str]:
    yield "| criterion | counts | of | borne | means | next | source |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in criteria().values():
        borne = f"{getattr(Fitness(), one.bears):.0%} (`{one.bears}`)" if one.bears else "none"
        told = (f"`{one.name}`", one.numerator, one.denominator, borne, one.means, one.next, one.source)
        yield f"| {' | '.join(' '.join(cell.split()) for cell in told)} |"


if __name__ == "__main__":
    page_file().write_text(page_text(page_file().read_text(encoding="utf-8")), encoding="utf-8")
