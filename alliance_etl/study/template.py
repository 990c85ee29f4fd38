"""What `init` writes: a study's folder with a commented study.yaml, and the two files that Dagster starts from."""

import json
import re
import unicodedata
from pathlib import Path

from alliance_etl.errors import ConfigurationError
from alliance_etl.study.load import load_study
from alliance_etl.study.source import STUDY_FILE

_TEMPLATE = Path(__file__).with_name("study_template.yaml")

_INSTRUMENTS = """\
# The study's own instruments

A YAML file here adds an instrument, or completes one that alliance-etl knows without a verified key. The form of the
file is that of the built-in ones; `alliance-etl instruments ID` shows what is known, and what is missing.

A file for a known id holds only the keys that it adds or replaces, and `status: built_in` by which the study vouches
for the key. Say under `evidence` where each fact is from.
"""

_IGNORED = """\
# People's answers, ids and the key stay out of version control; the study's rules are what belongs in it.
/drops/**
!/drops/*/
!/drops/*/.gitkeep
/receipts/
/warehouse/
/.state/
.tmp_dagster_home_*/
__pycache__/
"""

_DEFINITIONS = '''\
"""What Dagster loads to run the study in this folder; alliance-etl brings the rest."""

import os
from pathlib import Path

from alliance_etl.deployment import use_deployment

os.environ.setdefault("ALLIANCE_STUDY", str(Path(__file__).resolve().parent))
use_deployment()

from assets.definitions import defs  # noqa: E402  found only after use_deployment()

__all__ = ["defs"]
'''

_WORKSPACE = """\
# Dagster's page with the nightly schedule and the watch over the drops, from this folder:
#   DAGSTER_HOME="$PWD/.state/dagster" dagster dev -w workspace.yaml
load_from:
  - python_file:
      relative_path: definitions.py
      attribute: defs
      location_name: {slug}
"""


def write_template(folder: Path) -> list[Path]:
    """Write a new study into `folder` and return the files, study.yaml last; files that are there already stay.

    Raises ConfigurationError where the folder holds a study.yaml, or cannot be written.
    """
    study_file = folder / STUDY_FILE
    if study_file.exists():
        raise ConfigurationError(f"{study_file} is there already; choose another folder, or edit that file")
    slug = _slug(folder.absolute().name)
    texts = {
        folder / ".gitignore": _IGNORED,
        folder / "instruments" / "README.md": _INSTRUMENTS,
        folder / "definitions.py": _DEFINITIONS,
        folder / "workspace.yaml": _WORKSPACE.format(slug=slug),
        **{folder / "drops" / site / ".gitkeep": "" for site in load_study(_TEMPLATE).sites},
        study_file: _study_text(slug, folder.absolute().name),
    }
    try:
        return [path for path, text in texts.items() if _written(path, text)]
    except OSError as error:
        place = error.filename or folder
        problem = f"{place} cannot be written: {error.strerror}"
        raise ConfigurationError(f"{problem}; choose a folder that you may write to") from error


def example_of(text: str) -> tuple[str, int, int] | None:
    """The example site that `init` wrote, with its first and last line (1-based), where it still stands as written."""
    template = _TEMPLATE.read_text(encoding="utf-8")
    _, _, rest = template.partition("\nsites:\n")
    name = rest.strip().partition(":")[0]
    before, found, _ = text.replace("\r\n", "\n").partition(rest.rstrip("\n"))
    if not found:
        return None
    first = before.count("\n") + 1
    return name, first, first + found.count("\n")


def _study_text(slug: str, title: str) -> str:
    """The template, which is a valid study itself, under another name."""
    text = _TEMPLATE.read_text(encoding="utf-8")
    text = re.sub(r"^study: \w+", f"study: {slug}", text, flags=re.MULTILINE)
    shown = json.dumps(title.replace("_", " "), ensure_ascii=False)
    return re.sub(r"^title: .*", lambda _: f"title: {shown}", text, flags=re.MULTILINE)


def _written(path: Path, text: str) -> bool:
    """Write a file with the folders above it; False where it exists, and stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return False
    path.write_text(text, encoding="utf-8")
    return True


def _slug(name: str) -> str:
    """The folder's name as a study's short name."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_") or "my_study"
