"""The types of study.yaml's single values: what each accepts, and in words what it expects instead.

Relations between keys are faults.py's. YAML hands over every value as the text that is written there, so `-99` and
`no` stay what the export holds; the types turn text into numbers and truth where a key asks for them.
"""

import codecs
import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from alliance_etl.study.columns import repeated, template_fault
from alliance_etl.study.cron import cron_fault
from alliance_etl.words import did_you_mean, found, listed, nearest

WRONG = "study_value"

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_EXPORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_WHOLE_DATE = datetime(2026, 11, 23)
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "iso-8859-15", "cp1250", "cp1251", "cp850", "mac-roman")
_TEXT = {"type": ["string", "number", "boolean"]}


def wrong(sentence: str) -> PydanticCustomError:
    """The error of one value; the sentence says what was expected."""
    return PydanticCustomError(WRONG, "{sentence}", {"sentence": sentence})


def is_url(text: str) -> bool:
    """True for s3://…, sftp://… and the like; file:// is a path that is written as a URL."""
    return bool(_SCHEME.search(text)) and not text.lower().startswith("file:///")


def _text(value: str) -> str:
    if not value.strip():
        raise wrong("an empty text; write a value, or leave the key out")
    return value


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        bare = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
        better = re.sub(r"[^a-z0-9]+", "_", bare).strip("_")
        example = f", such as {better}" if better else ""
        raise wrong(f'"{value}" is no slug; expected lower-case letters, digits, _ and -{example}')
    return value


def _export_name(value: str) -> str:
    if not _EXPORT_NAME.fullmatch(value):
        raise wrong(f'"{value}" is no name for an export; expected letters, digits, _ and -, such as wai')
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # a name unknown, malformed, or a folder of zoneinfo's data
        close = _nearest_zone(value)
        hint = f'did you mean "{close}"?' if close else "expected one such as Europe/Berlin"
        raise wrong(f'no time zone "{value}"; {hint}') from None
    return value


def _nearest_zone(value: str) -> str | None:
    zones = available_timezones()
    city = value.replace(" ", "_").casefold().rpartition("/")[2]
    same_city = sorted(zone for zone in zones if zone.casefold().rpartition("/")[2] == city)
    return same_city[0] if same_city else nearest(value, zones)


def _cron(value: str) -> str:
    if fault := cron_fault(value):
        raise wrong(fault)
    return value


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    for each in values:
        if not isinstance(each, str):
            raise wrong(f"expected a text or a list of texts, found {found(each)}")
    return tuple(values)


def _globs(value: object) -> tuple[str, ...]:
    globs = _texts(value)
    if not globs or not all(glob.strip() for glob in globs):
        raise wrong('an empty glob; expected a file name with * and ? for what varies, as in "wai*.csv"')
    for glob in globs:
        if "/" in glob or "\\" in glob:
            raise wrong(f'"{glob}" holds a folder; the glob is on the file\'s name alone, below `drop`')
    return globs


Items = str | tuple[str, ...] | dict[int, str] | None


def _items(value: object) -> Items:
    if value is None or isinstance(value, str):
        if value is not None and (fault := template_fault(value)):
            raise wrong(fault)
        return value
    columns = _numbered(value) if isinstance(value, dict) else _texts(value)
    names = list(columns.values() if isinstance(columns, dict) else columns)
    if not names or not all(name.strip() for name in names):
        raise wrong("expected a column for each item, found an empty one")
    if twice := repeated(names):
        raise wrong(f"{listed(twice)} stands for two items; expected another column for each")
    return columns


def _numbered(value: dict[Any, Any]) -> dict[int, str]:
    columns: dict[int, str] = {}
    for number, column in value.items():
        if not re.fullmatch(r"0*[1-9]\d*", str(number)):
            quotes = '; a template needs quotes, as in "{n}"' if str(number).startswith("n") else ""
            raise wrong(f"expected item numbers and columns, as in {{1: column, 2: column}}, found {number}{quotes}")
        if not isinstance(column, str):
            raise wrong(f"expected the column of item {number}, found {found(column)}")
        if int(number) in columns:
            raise wrong(f"item {int(number)} has two columns; expected one")
        columns[int(number)] = column
    return dict(sorted(columns.items()))


def _date_format(value: str) -> str:
    try:
        complete = datetime.strptime(_WHOLE_DATE.strftime(value), value) == _WHOLE_DATE
    except ValueError:  # a directive that strptime does not know
        complete = False
    if not complete:
        raise wrong(f'"{value}" reads no day, month and year; expected for example "%d.%m.%Y", for 05.02.2026')
    return value


def _delimiter(value: str) -> str:
    char = {"tab": "\t", "\\t": "\t"}.get(value.lower(), value)
    if len(char) != 1 or char.isalnum() or char in "\"'\r\n":
        raise wrong(f'expected one character such as ";" or "," or "tab", in quotes, found {found(value)}')
    return char


def _encoding(value: str) -> str:
    try:
        "a".encode(codecs.lookup(value).name)
    except (LookupError, UnicodeError, ValueError):  # unknown, no encoding of text, or a name with a NUL in it
        raise wrong(f'no encoding "{value}"{did_you_mean(value, _ENCODINGS)}') from None
    return value


def _reason(value: str) -> str:
    if not re.fullmatch(r"\w[\w .-]*", value):
        raise wrong(f"expected the reason in plain words, such as not_answered or refused, found {found(value)}")
    return value


def _c_grade(value: object) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    truth = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
    if isinstance(value, str) and value.lower() in truth:
        return truth[value.lower()]
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise wrong(f"expected true, false or a list of instruments' ids, found {found(value)}")
    return _texts(value)


def layout_of(value: object) -> object:
    """A layout that is a text is wide; anything else has keys, for the model to judge."""
    if isinstance(value, str) and value != "wide":
        raise wrong(f"expected wide, or {{item: column, value: column}} for a long file, found {found(value)}")
    return value


Text = Annotated[str, AfterValidator(_text), WithJsonSchema(_TEXT)]
Slug = Annotated[str, AfterValidator(_slug), WithJsonSchema({"type": "string", "pattern": f"^{_SLUG.pattern}$"})]
ExportName = Annotated[str, AfterValidator(_export_name)]
Zone = Annotated[str, AfterValidator(_zone)]
Cron = Annotated[str, AfterValidator(_cron)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Column = Text
Globs = Annotated[
    tuple[str, ...],
    BeforeValidator(_globs),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Texts = Annotated[
    tuple[str, ...], BeforeValidator(_texts), WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]})
]
ItemColumns = Annotated[
    Items,
    BeforeValidator(_items),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"\{n(:0\dd?)?\}"},
                {"type": "array", "items": _TEXT, "minItems": 1},
                {"type": "object", "patternProperties": {r"^[0-9]+$": _TEXT}, "additionalProperties": False},
            ]
        }
    ),
]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Delimiter = Annotated[str, AfterValidator(_delimiter)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Reason = Annotated[str, AfterValidator(_reason)]
CGrade = Annotated[
    bool | tuple[str, ...],
    BeforeValidator(_c_grade),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]}),
]
