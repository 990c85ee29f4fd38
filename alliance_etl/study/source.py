"""The file itself: where study.yaml is, and its text as YAML with places."""

from pathlib import Path

from alliance_etl.errors import StudyFileError
from alliance_etl.study.document import Document, NotYaml

STUDY_FILE = "study.yaml"


def study_file(path: Path) -> Path:
    """The study.yaml that a path means: the file, or the one in that folder. StudyFileError where it is missing."""
    file = path if path.is_file() or path.suffix in (".yaml", ".yml") else path / STUDY_FILE
    if not file.is_file():
        raise StudyFileError([f"no {file.name} in {file.parent.absolute()}; alliance-etl init writes one"])
    return file


def read_document(file: Path) -> Document:
    """The file as YAML with places. StudyFileError where it cannot be read, is no UTF-8 or no YAML."""
    try:
        raw = file.read_bytes()
        return Document(raw.decode("utf-8-sig"), verbatim=frozenset({"skip_rows"}))
    except OSError as error:
        raise StudyFileError([f"{file} cannot be read: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise StudyFileError([f"{file.name}, line {line}: not UTF-8; save the file with encoding UTF-8"]) from error
    except NotYaml as error:
        raise StudyFileError([f"{file.name}, {error}"]) from error
