"""What cannot be true of an export or a study: relations between keys, each fault with the key it stands at.

Types and spellings of single values are fields.py's; what an instrument has to say is against.py's.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from alliance_etl.faults import Fault
from alliance_etl.study.columns import repeated, same_name
from alliance_etl.words import did_you_mean, listed

if TYPE_CHECKING:
    from alliance_etl.study.model import Expected, Export, FileRange, Notice, Site


def of_range(response: "FileRange") -> Iterator[Fault]:
    if response.min >= response.max:
        yield Fault(("max",), f"the range {response.min:g} to {response.max:g} is empty; expected min below max")
    if response.step is not None and response.step <= 0:
        yield Fault(("step",), f"the step {response.step:g} leads nowhere; expected a number above 0")


def of_export(export: "Export") -> Iterator[Fault]:
    if export.session is None and export.date is None:
        yield Fault((), "neither session nor date; name at least one column, it tells a participant's forms apart")
    if not export.items and not export.scores:
        yield Fault((), "neither items nor scores; name the items' columns, or scores where the site sends those only")
    if export.totals and not export.items:
        yield Fault(
            ("totals",), "totals are compared with items, which are missing; scale scores alone belong under scores"
        )
    if export.scores and export.layout != "wide":
        yield Fault(("scores",), "scale scores are read from the wide layout only; expected items here")
    if export.blank_forms == "skip" and export.layout != "wide":
        yield Fault(("blank_forms",), "a row of a long file is one answer, not a form; expected blank_forms: keep")
    if export.preset is None:
        for key, column in (("sessions", "session"), ("instance", "session"), ("no_date", "date")):
            if getattr(export, key) and getattr(export, column) is None:
                yield Fault((key,), f"is about the {column} column, which is missing; expected {column} beside it")
    yield from _of_ticks(export)
    if export.participant in export.optional_columns:
        yield Fault(("optional_columns",), f'"{export.participant}" is the column of participant; it must be there')
    yield from _of_columns(export)
    yield from _of_texts(export)


def _of_ticks(export: "Export") -> Iterator[Fault]:
    """Items that have a column for each answer: the template and what it is written out for belong together."""
    has_place = isinstance(export.items, str) and "{a}" in export.items and export.layout == "wide"
    if export.options and not has_place:
        message = 'one column for each answer needs a template with {a} for the answer, as in "wai_{n}___{a}"'
        yield Fault(("items",), message)
    if has_place and not export.options:
        yield Fault(("items",), "{a} stands for each of the options, which are missing; expected options: [1, 2, 3]")
    if twice := repeated([*export.ticked, *export.unticked]):
        yield Fault(("ticked",), f"{listed(twice)} means both ticked and not, or stands twice")


def of_sites(sites: Iterable["Site"]) -> Iterator[Fault]:
    drops: dict[object, str] = {}
    names: dict[str, str] = {}
    for site in sites:
        other = drops.setdefault(site.drop, site.name)
        if other != site.name:
            message = f"the folder of site {other} already; expected another one, or each file would count twice"
            yield Fault(("sites", site.name, "drop"), message)
        twin = names.setdefault(site.name.replace("-", "_"), site.name)
        if twin != site.name:
            yield Fault(("sites", site.name), f"differs from site {twin} by - and _ only; expected another name")


def of_expects(expects: Sequence["Expected"], sites: Mapping[str, "Site"]) -> Iterator[Fault]:
    """Expectations of what a site does not send, or two of the same instrument at one site."""
    told: dict[tuple[str, str], int] = {}
    for place, expected in enumerate(expects):
        exporting = {
            site.name for site in sites.values() for e in site.exports.values() if e.instrument == expected.instrument
        }
        if not exporting:
            names = {export.instrument for site in sites.values() for export in site.exports.values()}
            hint = did_you_mean(expected.instrument, names)
            yield Fault(("expects", place, "instrument"), f'no export has the instrument "{expected.instrument}"{hint}')
        for site in expected.sites or sorted(exporting):
            if site not in sites:
                yield Fault(("expects", place, "sites"), f'no site "{site}"{did_you_mean(site, sites)}')
            elif exporting and site not in exporting:
                yield Fault(("expects", place, "sites"), f"site {site} has no export of {expected.instrument}")
            elif told.setdefault((site, expected.instrument), place) != place:
                message = f"{expected.instrument} is expected of {site} by another entry already; say it in one"
                yield Fault(("expects", place), message)


def of_notices(notices: Iterable["Notice"], sites: Iterable[str]) -> Iterator[Fault]:
    names: set[str] = set()
    for place, notice in enumerate(notices):
        if notice.name in names:
            message = f"another entry goes to {notice.name} already; join them, or name each by a variable of its own"
            yield Fault(("notices", place, "url"), message)
        names.add(notice.name)
        for site in notice.sites:
            if site not in sites:
                yield Fault(("notices", place, "sites"), f'no site "{site}"{did_you_mean(site, sites)}')


def _of_columns(export: "Export") -> Iterator[Fault]:
    """A column that holds an id, a session or a date holds no answer, and one column is one scale's score."""
    own = export.own_columns
    for key, columns in (("scores", export.scores), ("totals", export.totals)):
        if twice := repeated(columns.values()):
            yield Fault((key,), f"{listed(twice)} stands for two scales; expected another column for each")
    stamps = ("participant", "session", "instance", "date")
    for first, second in combinations(stamps, 2):
        if first in own and second in own and same_name(own[first]) == same_name(own[second]):
            yield Fault((second,), f'"{own[second]}" is the column of {first} already; expected another one')
    if export.layout != "wide" and same_name(export.layout.item) == same_name(export.layout.value):
        yield Fault(("layout", "value"), f'"{export.layout.value}" is the column of item already; expected another one')
    by_name = {same_name(column): key for key, column in own.items()}
    for key, names in export.answer_columns.items():
        for name in names:
            if other := by_name.get(same_name(name)):
                yield Fault((key,), f'"{name}" is the column of {other} already; expected another one')


def _of_texts(export: "Export") -> Iterator[Fault]:
    """Labels and codes that a cell could mean both of."""
    spellings = Counter(label.strip().casefold() for label in export.labels)
    for label, count in spellings.items():
        if count > 1:
            yield Fault(("labels",), f'"{label}" is written {count} times, case and outer space ignored; expected once')
    for code in export.missing:
        if not code.strip():
            yield Fault(("missing",), "an empty cell needs no code: it is missing as blank; leave this one out")
        elif code.strip().casefold() in spellings:
            yield Fault(("missing", code), f'"{code}" is a label too; expected either an answer or a missing code')
    codes = Counter(code.strip() for code in export.missing)
    for code, count in codes.items():
        if count > 1:
            yield Fault(("missing",), f'"{code}" is written {count} times, outer space ignored; expected once')
