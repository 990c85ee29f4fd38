"""The same answers from two people of a site, beyond chance: forms entered under two ids, copied, or made up.

Two forms that agree in every answer prove little by themselves: half a clinic may tick "always" throughout. What
counts is how probable the shared answers are. Within forms of about the same mean (tenths of the site's forms) answers
to different items are taken as independent, so that the probability of a pattern is the share of its tenth times the
product of the shares of its answers there. All counts include the two forms themselves, which makes a pattern more
probable than it is, and the test cautious where forms are few.

A pair of people with m patterns in common is told when the number of pairs, times the number of ways to choose m of the
forms of one, times the chance that the other has each of the patterns among their forms, is below CHANCE: the expected
number of such pairs in a site without copies (Bonferroni over pairs). Patterns without variety, in which all but two
answers are the same, as ticked or as keyed, are a style and no proof; they are left out.
"""

from collections.abc import Sequence
from math import comb, log

import numpy as np
import numpy.typing as npt
import polars as pl

from alliance_etl.instruments.model import Instrument

# Expected false pairs of a site, instrument and rater role; docs/fitness.md has the rate that simulation gives.
CHANCE = 1e-4
# So many answers must differ from the most frequent one.
FEWEST_OTHERS = 3
# Forms of about the same mean are judged together: tenths, but not fewer than this many forms.
_TENTHS = 10
_FEWEST_IN_TENTH = 30
# A pattern that is expected this often among the site's forms proves nothing, in whatever company.
_MOST_EXPECTED = 0.5
# Forms whose answers are compared with each other at once.
_AT_ONCE = 50_000

PAIRS = {"form_id": pl.String, "same_as": pl.String, "shared": pl.Int64, "chance": pl.Float64}
Answers = npt.NDArray[np.float64]


def duplicates_of(forms: pl.DataFrame, instrument: Instrument) -> pl.DataFrame:
    """Pairs of forms (PAIRS) with the same answers from two participants, beyond chance.

    `forms` are the complete forms of one site, instrument and rater role: form_id, participant, item_N. Each pair is
    there once, the earlier id first. `shared`: patterns that the two people have in common; `chance`: the expected
    number of pairs in the site with as much in common, at most CHANCE.
    """
    items = [f"item_{n}" for n in instrument.item_numbers]
    coded = forms.select(
        "form_id", "participant", *items, pattern=_pattern(items), keyed=_keyed_mean(instrument)
    ).with_row_index("place")
    shared = _shared(coded, items, instrument)
    if shared.is_empty():
        return pl.DataFrame(schema=PAIRS)
    rare = shared.with_columns(log_p=_log_probability(coded, shared, items))
    rare = rare.filter(pl.col("log_p") + log(coded.height) < log(_MOST_EXPECTED))
    return _pairs(rare, coded) if rare.height else pl.DataFrame(schema=PAIRS)


def _pattern(items: Sequence[str]) -> pl.Expr:
    return pl.struct(items).hash()


def _keyed_mean(instrument: Instrument) -> pl.Expr:
    turned = set(instrument.reversed_items or ())
    return pl.mean_horizontal(
        (-1 if n in turned else 1) * pl.col(f"item_{n}").cast(pl.Float64) for n in instrument.item_numbers
    )


def _shared(coded: pl.DataFrame, items: Sequence[str], instrument: Instrument) -> pl.DataFrame:
    """The forms whose answers another participant has given too, and that are varied enough to prove something."""
    again = coded.filter(pl.col("pattern").is_duplicated())
    for same in ("pattern", items):  # the answers themselves, too: two patterns may have one hash
        again = again.filter(pl.col("participant").n_unique().over(same) > 1) if again.height else again
    varied = [_varied(part, items, instrument) for part in again.iter_slices(_AT_ONCE)]
    return again.filter(pl.concat(varied)) if varied else again


def _varied(forms: pl.DataFrame, items: Sequence[str], instrument: Instrument) -> pl.Series:
    """Whether at least FEWEST_OTHERS answers differ from the most frequent one, as ticked and as keyed."""
    answers = forms.select(items).cast(pl.Float64).to_numpy()
    turned = np.array([n in set(instrument.reversed_items or ()) for n in instrument.item_numbers])
    response = instrument.response
    assert response is not None, "only an instrument with a key is scored"
    keyed = np.where(turned, response.min + response.max - answers, answers)
    others = np.minimum(_others(answers), _others(keyed))
    return pl.Series(others >= FEWEST_OTHERS)


def _others(answers: Answers) -> npt.NDArray[np.int64]:
    """For each form the number of answers that are not its most frequent one."""
    most = (answers[:, :, None] == answers[:, None, :]).sum(axis=2).max(axis=1)
    others: npt.NDArray[np.int64] = answers.shape[1] - most
    return others


def _log_probability(coded: pl.DataFrame, shared: pl.DataFrame, items: Sequence[str]) -> pl.Series:
    """The logarithm of the probability of each shared form's pattern, at least what counting the people gives.

    A pattern that m people have is taken to be at least as probable as that m - 2 of all have it.
    """
    tenths = max(1, min(_TENTHS, coded.height // _FEWEST_IN_TENTH))
    rank = (pl.col("keyed").rank("average") - 0.5) / pl.len()
    tenth = coded.select((rank * tenths).floor().cast(pl.Int32)).to_series()
    of_all, place = tenth.to_numpy(), shared["place"].to_numpy()
    of_form = of_all[place]
    sizes = np.bincount(of_all, minlength=tenths)
    log_p = np.log(sizes[of_form] / coded.height)
    for item in items:
        code = _codes(coded[item])
        n_codes = int(code.max()) + 1
        counts = np.bincount(of_all * n_codes + code)
        log_p += np.log(counts[of_form * n_codes + code[place]] / sizes[of_form])
    people = shared.select(pl.col("participant").n_unique().over("pattern")).to_series().to_numpy()
    seen = (people - 2) / max(coded["participant"].n_unique(), 1)
    with np.errstate(divide="ignore"):
        return pl.Series(np.maximum(log_p, np.log(seen)))


def _codes(answers: pl.Series) -> npt.NDArray[np.int64]:
    """Each answer as a whole number from 0 on."""
    whole = answers - answers.min() if answers.dtype.is_integer() else answers.rank("dense") - 1
    codes: npt.NDArray[np.int64] = whole.cast(pl.Int64).to_numpy()
    return codes


def _pairs(rare: pl.DataFrame, coded: pl.DataFrame) -> pl.DataFrame:
    sizes = coded.group_by("participant").len("forms")
    one = rare.select("form_id", "participant", "pattern", "log_p").join(sizes, on="participant")
    both = one.join(one, on="pattern", suffix="_2").filter(pl.col("participant") < pl.col("participant_2"))
    people = ["participant", "participant_2"]
    told = (
        both.unique([*people, "pattern"])
        .group_by(people)
        .agg(
            few=pl.min_horizontal("forms", "forms_2").first(),
            shared=pl.len().cast(pl.Int64),
            # the chance that the other has each of the patterns among their forms
            each=(pl.max_horizontal("forms", "forms_2").log() + pl.col("log_p")).clip(upper_bound=0).sum(),
        )
        .with_columns(log_chance=pl.col("each") + log(max(1, sizes.height * (sizes.height - 1) / 2)))
        .filter(pl.col("log_chance") <= log(CHANCE))  # the ways to choose forms only add to it: few are left
    )
    ways = [log(comb(few, min(m, few))) for few, m in told.select("few", "shared").iter_rows()]
    told = told.with_columns(pl.col("log_chance") + pl.Series(ways, dtype=pl.Float64))
    told = told.filter(pl.col("log_chance") <= log(CHANCE))
    found = both.join(told, on=people).select(
        form_id=pl.min_horizontal("form_id", "form_id_2"),
        same_as=pl.max_horizontal("form_id", "form_id_2"),
        shared="shared",
        chance=pl.col("log_chance").exp(),
    )
    return found.sort("form_id", "same_as")
