"""The truth behind the demo is found again in its files by a few lines that know nothing of the package's scores."""

import csv
from statistics import correlation, mean

import pytest

from alliance_etl.demo.study import demo_files

FILES = {(file.site, file.name): file for file in demo_files()}

WAI_SR = {"task": [1, 2, 10, 12], "bond": [3, 5, 7, 9], "goal": [4, 6, 8, 11]}
WAI_S = {"task": [1, 2, 8, 12], "bond": [3, 5, 7, 9], "goal": [4, 6, 10, 11]}
WAI_36 = {
    "task": [2, 4, 7, 11, 13, 15, 16, 18, 24, 31, 33, 35],
    "bond": [1, 5, 8, 17, 19, 20, 21, 23, 26, 28, 29, 36],
    "goal": [3, 6, 9, 10, 12, 14, 22, 25, 27, 30, 32, 34],
}
WAI_36_REVERSED = [1, 3, 7, 9, 10, 11, 12, 15, 20, 27, 29, 31, 33, 34]
RUBRIC = {"goal": [1, 2, 3, 4], "task": [5, 6, 7, 8], "bond": [9, 10, 11, 12]}
SRS = {"bond": ["Relasjon"], "goal": ["Mål"], "task": ["Metode"]}
GERMAN = {"selten": "1", "manchmal": "2", "öfter": "3", "sehr oft": "4", "immer": "5"}


def columns(template: str, key: dict[str, list[int]]) -> dict[str, list[str]]:
    return {part: [template.format(n) for n in items] for part, items in key.items()}


def raw_answers(site: str, name: str, encoding: str, delimiter: str) -> list[dict[str, str]]:
    text = FILES[site, name].content.decode(encoding, errors="replace").replace("\0", "")
    return list(csv.DictReader(text.splitlines(), delimiter=delimiter, quoting=csv.QUOTE_NONE))


def number(text: str | None, highest: float | None) -> float:
    """A cell as a number, turned round where `highest` is given; NaN, which equals nothing, where it is none."""
    bare = GERMAN.get(text or "", text or "").replace(",", ".")
    try:
        value = float(bare)
    except ValueError:
        return float("nan")
    return value if highest is None else highest - value


def recovered(
    rows: list[dict[str, str]], ids: tuple[str, ...], key: list[str], turned: list[str], low: float, high: float
) -> dict[tuple[str, ...], float]:
    """(participant, session, rater) to mean, for forms whose answers are all there and in range."""
    scores = {}
    for row in rows:
        answers = [number(row.get(name), low + high if name in turned else None) for name in key]
        if all(low <= answer <= high for answer in answers):
            scores[tuple(row[name] or "" for name in ids)] = mean(answers)
    return scores


CASES = [
    pytest.param("berlin", "wai_klient_2026q1.csv", ("cp1252", ";"), ("Klient-ID", "Sitzung"), "wai_sr_client",
                 columns("WAI{}", WAI_SR), [], (1, 5), id="labels"),
    pytest.param("goteborg", "wai_vt26.csv", ("utf-8-sig", ";"), ("Löpnr", "Träff"), "wai_sr_client",
                 columns("wai_{}", WAI_SR), [], (1, 5), id="numbers"),
    pytest.param("valencia", "wai_invierno.csv", ("cp1252", ";"), ("Código", "Sesión"), "wai_sr_client",
                 columns("WAI-SR {}", WAI_SR), [], (0, 4), id="from 0"),
    pytest.param("montreal", "alliance_2026-02.txt", ("utf-16", "\t"), ("No dossier", "Séance"), "wai36_client",
                 columns("ITA_{}", WAI_36), [f"ITA_{n}" for n in WAI_36_REVERSED], (1, 7), id="36 items"),
    pytest.param("amsterdam", "wav_2026_hersteld.csv", ("latin-1", ";"), ("Cliënt", "Sessie"), "wai_s_client",
                 columns("WAV{}", WAI_S), ["WAV4", "WAV10"], (1, 7), id="reversed items"),
    pytest.param("zurich", "rating_welle1.csv", ("utf-8", ","), ("Fall", "Sitzung", "Beobachter"),
                 "wai_s_observer_rubric5", columns("wai_o_{}", RUBRIC), ["wai_o_1", "wai_o_3"], (1, 5), id="observers"),
    pytest.param("oslo", "srs_2026.csv", ("utf-8", ";"), ("Pasient", "Time"), "srs3_client",
                 SRS, [], (0, 10), id="one item each"),
]  # fmt: skip


@pytest.mark.parametrize("part", ["goal", "task", "bond"])
@pytest.mark.parametrize(("site", "name", "dialect", "ids", "instrument", "key", "turned", "ends"), CASES)
def test_raw_answers_tell_what_the_rater_saw(
    part: str,
    site: str,
    name: str,
    dialect: tuple[str, str],
    ids: tuple[str, ...],
    instrument: str,
    key: dict[str, list[str]],
    turned: list[str],
    ends: tuple[float, float],
) -> None:
    scores = recovered(raw_answers(site, name, *dialect), ids, key[part], turned, *ends)
    pairs = [
        (scores[found], getattr(form.view, part))
        for form in FILES[site, name].truth
        if form.instrument == instrument
        and (found := (form.participant, str(form.session), form.rater or "")[: len(ids)]) in scores
    ]
    assert len(pairs) > 40
    assert correlation(*zip(*pairs, strict=True)) > 0.8


def test_a_clients_answers_tell_the_alliance_itself() -> None:
    scores = recovered(
        raw_answers("goteborg", "wai_vt26.csv", "utf-8-sig", ";"),
        ("Löpnr", "Träff"), columns("wai_{}", WAI_SR)["bond"], [], 1, 5,
    )  # fmt: skip
    pairs = [
        (scores[form.participant, str(form.session)], form.alliance.bond)
        for form in FILES["goteborg", "wai_vt26.csv"].truth
        if (form.participant, str(form.session)) in scores
    ]
    assert correlation(*zip(*pairs, strict=True)) > 0.8


def test_items_that_the_site_has_reversed_all_point_the_same_way() -> None:
    rows = raw_answers("amsterdam", "haq_2026.csv", "latin-1", ";")
    totals = [float(row["HAQ_totaal"]) for row in rows if all(row[f"HAQ{n}"] for n in range(1, 20))]
    for item in (4, 8, 11, 16, 19):
        answers = [float(row[f"HAQ{item}"]) for row in rows if all(row[f"HAQ{n}"] for n in range(1, 20))]
        assert correlation(answers, totals) > 0.4


def test_declared_totals_are_the_sums_of_the_answers_but_for_the_seeded_one() -> None:
    rows = raw_answers("amsterdam", "haq_2026.csv", "latin-1", ";")
    wrong = [
        line
        for line, row in enumerate(rows, start=2)
        if row["HAQ_totaal"] and sum(int(row[f"HAQ{n}"]) for n in range(1, 20)) != int(row["HAQ_totaal"])
    ]
    assert wrong == [29]
