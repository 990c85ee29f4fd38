"""What clinics really send: odd, and legal. Each site of odd_sites.py is one oddity."""

import pytest

from tests.contract.conftest import Night
from tests.contract.odd_sites import SITES

pytestmark = pytest.mark.slow


def test_the_run_ends_well_in_any_locale_through_a_link_and_names_the_site_without_a_folder(odd: Night) -> None:
    assert odd.ended.status == 0, odd.ended.err
    assert list(odd.ended.document["sites_failed"]) == ["nowhere"]
    assert {drop["site"] for drop in odd.ended.document["drops"]} == set(SITES)


@pytest.mark.parametrize("site", SITES)
def test_every_row_of_an_odd_file_ends_where_it_should(odd: Night, site: str) -> None:
    rows = odd.rows(
        f"SELECT status, rows_read, new, unchanged, held, skipped, changed FROM drops WHERE site = '{site}'"
    )

    assert rows == [(SITES[site].status, *SITES[site].counts, 0)]


@pytest.mark.parametrize("site", SITES)
def test_an_odd_files_answers_are_read_as_they_are_meant(odd: Night, site: str) -> None:
    rows = odd.rows(
        "SELECT string_agg(coalesce(value::VARCHAR, missing), ' ' ORDER BY item) FROM responses JOIN forms f "
        f"USING (form_id) WHERE site = '{site}' GROUP BY form_id, line, f.instrument, f.rater "
        "ORDER BY line, min(value) DESC, f.instrument"
    )

    assert sorted(answers for (answers,) in rows) == sorted(SITES[site].answers)


@pytest.mark.parametrize("site", [name for name, odd in SITES.items() if odd.cells])
def test_a_finding_names_the_cell_as_a_spreadsheet_shows_it(odd: Night, site: str) -> None:
    rows = odd.rows(f"SELECT cell FROM findings WHERE site = '{site}' AND cell IS NOT NULL ORDER BY line")

    assert tuple(cell for (cell,) in rows) == SITES[site].cells


def test_sessions_and_dates_are_read_in_every_spelling_that_can_mean_but_one_thing(odd: Night) -> None:
    rows = odd.rows(
        "SELECT line, session, session_date::VARCHAR FROM forms WHERE site IN ('sessions', 'dates') ORDER BY site, line"
    )

    assert rows == [
        (2, None, "2024-03-05"),
        (3, None, "2024-03-05"),
        (2, 3, "2024-02-01"),
        (3, 3, None),
        (4, 3, "2024-02-01"),
        (5, 0, None),
        (6, None, "2024-02-01"),
    ]


def test_scale_scores_in_the_files_own_range_are_recoded_onto_the_instruments(odd: Night) -> None:
    rows = odd.rows(
        "SELECT scale, score, score_min, score_max FROM scores JOIN forms USING (form_id) "
        "WHERE site = 'own_range' AND score IS NOT NULL ORDER BY scale"
    )

    assert rows == [("goal", 12.0, 4.0, 20.0), ("total", 36.0, 12.0, 60.0)]


def test_a_scale_may_have_any_name_and_any_range(odd: Night) -> None:
    rows = odd.rows("SELECT scale, score FROM scores JOIN forms USING (form_id) WHERE site = 'thousand' ORDER BY scale")

    assert rows == [('Größe "q"', 1000.0), ("total", 1900.0)]


def test_two_raters_of_one_row_are_two_forms_of_one_participant(odd: Night) -> None:
    ((forms, people, raters),) = odd.rows(
        "SELECT count(DISTINCT form_id), count(DISTINCT participant), count(DISTINCT rater) FROM forms "
        "WHERE site = 'two_raters'"
    )

    assert (forms, people, raters) == (2, 1, 2)


def test_a_provisional_key_shows_with_its_warning(odd: Night) -> None:
    rows = odd.rows("SELECT status, warning IS NOT NULL FROM instruments WHERE instrument = 'csrs_child'")

    assert rows == [("provisional", True)]


def test_every_rejection_and_hold_has_a_finding_that_says_what_to_do(odd: Night) -> None:
    silent = odd.rows(
        "SELECT site FROM drops WHERE held > 0 AND site NOT IN (SELECT site FROM findings WHERE severity = 'error')"
    )
    vague = odd.rows("SELECT code FROM findings WHERE length(message) < 20 OR length(how_to_fix) < 20")

    assert (silent, vague) == ([], [])
