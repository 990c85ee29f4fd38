"""Write docs/linking-example.svg, the plot of the worked example, from a crosswalk of `alliance-etl link`.

    python -m scripts.make_linking_example STUDY/crosswalks/srs3_client--wai36_client--v1.yaml bond

The data that it was estimated from are not part of this project, so the plot is made by hand and not checked.
"""

import re
import sys
from pathlib import Path

from alliance_etl.crosswalks.files import read_crosswalk
from alliance_etl.crosswalks.page import page
from alliance_etl.deployment import deployment_root


def plot(html: str, component: str) -> str:
    """The first plot of a component on a crosswalk's page, with the page's styles, as a file of its own."""
    styles = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    part = html[html.index(f'<h2 id="{component}">') :]
    svg = re.search(r"<svg (viewBox.*?)</svg>", part, re.DOTALL)
    assert styles
    assert svg
    shapes = "\n".join(
        line for line in styles[1].splitlines() if ".grid" in line or "stroke" in line or "text {" in line
    )
    head, _, body = svg[1].partition(">")
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>\n<style>{shapes}</style>{body}</svg>\n'


if __name__ == "__main__":
    crosswalk = read_crosswalk(Path(sys.argv[1]), sys.argv[1])
    target = deployment_root() / "docs" / "linking-example.svg"
    target.write_text(plot(page(crosswalk), sys.argv[2]), encoding="utf-8")
