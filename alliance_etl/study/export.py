"""An export as study.yaml describes it: which files, which columns, and how they are written.

Each key is described once, here and in model.py; schemas/study.schema.json and docs/study-yaml.md are made from it.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from alliance_etl.faults import refuse
from alliance_etl.instruments.model import RaterRole
from alliance_etl.study import faults
from alliance_etl.study.columns import expand
from alliance_etl.study.fields import (
    Column,
    DateFormat,
    Delimiter,
    Encoding,
    Globs,
    ItemColumns,
    Number,
    Reason,
    Text,
    Texts,
    layout_of,
)
from alliance_etl.study.presets import PresetName, filled_in
from alliance_etl.study.sessions import SessionNumbers
from alliance_etl.study.strict import Strict


class FileRange(Strict):
    """The range of answers in the file, recoded linearly onto the instrument's."""

    min: Number = Field(description="The lowest answer in the file.")
    max: Number = Field(description="The highest answer in the file.")
    step: Number | None = Field(
        default=None, description="The step between answers in the file; default the instrument's."
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        refuse(faults.of_range(self))
        return self


class LongLayout(Strict):
    """One row of the file is one answer."""

    item: Column = Field(description="The column that tells which item a row answers.")
    value: Column = Field(description="The column that holds the answer.")


class AllBut(Strict):
    """All rows but those with these texts."""

    texts: Texts = Field(alias="not", description="The text or texts of the rows that are read.")

    def __contains__(self, text: str) -> bool:
        return text not in self.texts


Skipped = Annotated[
    Annotated[Texts, Tag("texts")] | Annotated[AllBut, Tag("all_but")],
    Discriminator(lambda value: "all_but" if isinstance(value, Mapping | AllBut) else "texts"),
]

Layout = Annotated[
    Annotated[Literal["wide"], Tag("wide")] | Annotated[LongLayout, Tag("long")],
    Discriminator(lambda value: "wide" if isinstance(value, str) else "long"),
    BeforeValidator(layout_of),
]


class Export(Strict):
    """One instrument in one kind of file: which columns hold what, and how they are written."""

    given: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str = Field(description="The key under exports.")
    files: Globs = Field(description="Glob on the file's name, case ignored, or a list of globs.")
    instrument: Text = Field(description="An id of the registry (`alliance-etl instruments` lists them).")
    preset: PresetName | None = Field(
        default=None,
        description="The survey system that writes the files: fills in what its exports have in common (see presets).",
    )
    participant: Column = Field(description="Column of the participant's id; column names are written as in the file.")
    session: Column | None = Field(
        default=None, description="Column of the session's number; optional if date is given."
    )
    sessions: SessionNumbers = Field(
        default={},
        description="Texts in the session column and the session that each stands for; or texts with {n} for the "
        "number, {word} for what is the same in the whole file, * for anything.",
    )
    instance: Column | None = Field(
        default=None,
        description="Column of a number that is added to the session's: the repeat instance within an event.",
    )
    date: Column | None = Field(default=None, description="Column of the session's date; optional if session is given.")
    date_format: DateFormat | None = Field(
        default=None, description="How dates are written, as strptime has it; default ISO 8601."
    )
    no_date: Texts = Field(default=(), description="Texts in the date column that are no date: read as an empty cell.")
    therapist: Column | None = Field(default=None, description="Column of the therapist's id.")
    rater: Column | None = Field(default=None, description="Column that tells several observers of one session apart.")
    rater_role: RaterRole | None = Field(
        default=None, description="Who fills in the form; default the instrument's first role."
    )
    items: ItemColumns = Field(
        default=None,
        description="The items' columns: a template with {n} (or {n:02d}), a list in item order, or item numbers and "
        "columns. In the long layout these are the texts of the item column, by default the bare number.",
    )
    options: Texts = Field(
        default=(),
        description="Where an item has a column for each answer, one of which is ticked: what {a} in the template of "
        "items stands for, each read as the answer.",
    )
    ticked: Texts = Field(default=("1", "Checked"), description="With `options`: the texts of a column that is ticked.")
    unticked: Texts = Field(
        default=("0", "Unchecked"), description="With `options`: the texts of a column that is not, beside empty cells."
    )
    scores: dict[str, Column] = Field(
        default={},
        description="Scale and column, where a site delivers scale scores instead of items; `total` is a scale too.",
    )
    totals: dict[str, Column] = Field(
        default={}, description="Scale and column of declared scale scores beside items: recomputed and compared."
    )
    missing: dict[str, Reason] = Field(
        default={}, description="Codes of missing answers, and the reason that each stands for."
    )
    labels: dict[str, Number] = Field(
        default={},
        description="Answer labels and the answer that each stands for, on the instrument's range; case and outer "
        "space are ignored.",
    )
    response: FileRange | None = Field(
        default=None,
        description="Range of the numbers in the file where it differs from the instrument's; recoded linearly.",
    )
    reversed_at_source: tuple[int, ...] = Field(
        default=(), description="Numbers of the items that the site has reversed already: not reversed again."
    )
    skip_rows: dict[str, Skipped] = Field(
        default={},
        description='Rows to leave out: column, and the text or texts that mark them ("" for an empty cell), or '
        "{not: …} with those that mark the rows to read.",
    )
    blank_forms: Literal["keep", "skip"] = Field(
        default="keep",
        description="skip: a row without any answer of this form is left out (it belongs to another form); "
        "keep: it is a form of which nothing was answered.",
    )
    complete: dict[str, Texts] = Field(
        default={},
        description="With `blank_forms: skip`: column, and the text or texts that mark a form as filled in, so that it "
        "stays even without answers.",
    )
    told_apart_by: Texts = Field(
        default=(),
        description="Columns that tell rows apart which come to the same session: such rows are held even where their "
        "answers are equal.",
    )
    optional_columns: Texts = Field(
        default=(), description="Columns that a file may lack: read as empty, and no rule of skip_rows applies to them."
    )
    delimiter: Delimiter | None = Field(default=None, description='One character, or "tab"; detected where left out.')
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal mark, . or ,; detected where left out."
    )
    encoding: Encoding | None = Field(
        default=None, description="Encoding of the file, such as cp1252; detected where left out."
    )
    sheet: Text | None = Field(default=None, description="Sheet of a workbook; left out, the one that has the columns.")
    layout: Layout = Field(
        default="wide", description="wide: a row is a form; {item: column, value: column}: long, a row is one answer."
    )
    snapshot: bool = Field(
        default=False, description="true: each file is the site's whole history, and forms that vanish are reported."
    )

    @model_validator(mode="before")
    @classmethod
    def _long_items_are_numbers(cls, data: Any) -> Any:
        """In the long layout the item column holds bare numbers unless `items` says otherwise."""
        is_long = isinstance(data, Mapping) and isinstance(data.get("layout"), Mapping | LongLayout)
        return {**data, "items": "{n}"} if is_long and data.get("items") is None else data

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        return filled_in(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        refuse(faults.of_export(self))
        return self

    @property
    def own_columns(self) -> dict[str, str]:
        """The columns that say whose form it is and of when: key of study.yaml to column, only those that are given."""
        keys = ("participant", "session", "instance", "date", "therapist", "rater")
        named = {key: getattr(self, key) for key in keys}
        return {key: column for key, column in named.items() if column is not None}

    @property
    def answer_columns(self) -> dict[str, list[str]]:
        """The columns of answers and scores that study.yaml writes out: key to columns. A template names none."""
        written = {"scores": list(self.scores.values()), "totals": list(self.totals.values())}
        if self.layout != "wide":
            return {**written, "layout": [self.layout.item, self.layout.value]}
        if isinstance(self.items, dict):
            return {**written, "items": list(self.items.values())}
        return {**written, "items": list(self.items) if isinstance(self.items, tuple) else []}

    def item_columns(self, n_items: int) -> dict[int, str]:
        """Item number to column (long layout: to the text of the item column), in item order; empty without items.

        A template is written out for items 1 to `n_items`, with * for all columns of an item that has several
        (`tick_columns`); a list or a mapping says what it says.
        """
        if self.items is None:
            return {}
        if isinstance(self.items, str):
            return {item: expand(self.items, item) for item in range(1, n_items + 1)}
        if isinstance(self.items, tuple):
            return dict(enumerate(self.items, start=1))
        return dict(self.items)

    def tick_columns(self, n_items: int) -> dict[int, dict[str, str]]:
        """Item number to option to its column, where each answer of an item has a column of its own; else empty."""
        if not self.options or not isinstance(self.items, str):
            return {}
        template = self.items
        return {
            item: {option: expand(template, item, option) for option in self.options} for item in range(1, n_items + 1)
        }

    def wanted_columns(self, n_items: int) -> list[str]:
        """All columns that this export reads, in order, each once: ids, stamps, answers, scores, those of row rules."""
        if self.layout != "wide":
            answers = [self.layout.item, self.layout.value]
        elif ticks := self.tick_columns(n_items):
            answers = [column for columns in ticks.values() for column in columns.values()]
        else:
            answers = list(self.item_columns(n_items).values())
        scores = (*self.scores.values(), *self.totals.values())
        rules = [*(column for column, texts in self.skip_rows.items() if texts), *self.complete]
        mapped = (self.own_columns.values(), answers, scores, rules, self.told_apart_by)
        return list(dict.fromkeys(column for columns in mapped for column in columns))

    def required_columns(self, n_items: int) -> list[str]:
        """The wanted columns that a file cannot lack."""
        optional = set(self.optional_columns) - {self.participant}
        return [column for column in self.wanted_columns(n_items) if column not in optional]

    def matches(self, filename: str) -> bool:
        """True where one of the globs fits the file's name, or is it, case ignored, with or without .gz and .zip at
        its end; folders before the name play no part.
        """
        name = _comparable(PurePath(filename).name)
        unpacked = name.removesuffix(".gz").removesuffix(".zip")
        globs = [_comparable(glob) for glob in self.files]
        return any(each == glob or fnmatchcase(each, glob) for glob in globs for each in (name, unpacked))

    def fingerprint(self) -> str:
        """SHA-256 (hex) over everything that changes what is taken in; a key left out equals its default."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _comparable(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower()
