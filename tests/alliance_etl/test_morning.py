"""The page of the night and what `status` says of it: there after every night, safe, and readable without a network."""

import json
import re
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.errors import ConfigurationError, RunFailed
from alliance_etl.morning.told import Morning, morning_of
from alliance_etl.night.booked import Booking, book_failed_start, booked
from alliance_etl.night.reports import StageCost
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.load import load_study
from tests.scenario import EXPORT, Scenario, site, table

ANNA = "Anna-4711"
BAD = table(f"{ANNA},1,1,2,3", f"{ANNA},2,1,2,9", f"{ANNA},3,1,8,3")


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path / "study", {"berlin": site(pocket=EXPORT), "oslo": site(pocket=EXPORT)})


def night(study: Scenario, *, failure: BaseException | None = None) -> Booking:
    with study.opened() as opened, booked(opened, started_by="schedule") as booking:
        for name in opened.sites_with_news():
            booking.course.sites.append(opened.take_in(name))
        booking.course.checks.append(opened.check_conservation())
        booking.course.costs["intake"] = StageCost(1.5, 100.0)
        booking.course.failure = failure
        if not failure:
            opened.score()
            booking.course.publication = opened.publish()
    return booking


def page(study: Scenario) -> str:
    return Layout(study.folder).night_page.read_text(encoding="utf-8")


class Words(HTMLParser):
    """What a page says, and the attributes that its elements have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said, self.attributes, self._mute = "", list[tuple[str, str, str]](), ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._mute = tag if tag in ("style", "script") else ""
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.said += f"{data} "


def words(study: Scenario) -> str:
    return " ".join(Words(page(study)).said.split())


def morning(study: Scenario) -> Morning:
    with closing(Ledger(Layout(study.folder).ledger)) as ledger:
        found = morning_of(load_study(study.folder), Layout(study.folder), ledger)
    assert found is not None
    return found


def to_do(study: Scenario) -> list[tuple[str, str | None]]:
    return [(thing.kind, thing.site) for thing in morning(study).to_do]


def test_the_page_says_what_came_what_is_held_why_and_how_to_mend_it(study: Scenario) -> None:
    study.drop("a.csv", BAD)

    night(study)

    said = words(study)
    assert "1 file came, with 1 new form" in said
    assert "2 rows held until mended. Most often: The answer lies outside the range" in said
    assert "What to do: Correct the answer" in said
    assert "a.csv , cell E3, column q3" in said


def test_the_page_leads_to_the_receipt(study: Scenario) -> None:
    study.drop("a.csv", BAD)

    night(study)

    targets = [value for tag, name, value in Words(page(study)).attributes if (tag, name) == ("a", "href")]
    links = [target for target in targets if not target.startswith("#")]
    assert links
    assert all((Layout(study.folder).reports / link).is_file() for link in links)


def test_a_page_is_written_of_a_night_that_changed_nothing(study: Scenario) -> None:
    night(study)

    night(study)

    assert "No file came; the publication is as it was" in words(study)


def test_a_page_is_written_of_a_night_that_failed_and_says_why_and_what_to_do(study: Scenario) -> None:
    night(study)

    night(study, failure=RunFailed("no room on the disk"))

    assert "The night failed. What was published before still stands (publication 1)" in words(study)
    assert "The night failed: no room on the disk" in words(study)
    assert to_do(study)[0] == ("failed", None)


def test_a_page_is_written_of_a_night_that_could_not_even_open(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3"))
    night(study)

    book_failed_start(study.folder, ConfigurationError("Restore the key"), started_by="schedule")

    assert "The night failed: Restore the key" in words(study)
    assert morning(study).sites[0].night.forms == 1


def test_a_site_that_never_sent_anything_is_silent(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3"))

    night(study)

    assert to_do(study) == [("silent", "oslo")]


def test_a_folder_that_is_gone_is_to_be_looked_into(study: Scenario) -> None:
    (study.folder / "drops" / "oslo").rmdir()

    night(study)

    assert ("source", "oslo") in to_do(study)
    assert "is not there" in words(study)


def test_a_site_is_late_by_its_own_habit(study: Scenario) -> None:
    for day in (1, 2, 3):
        study.drop(f"{day}.csv", table(f"{ANNA},{day},1,2,3"))
    night(study)
    with closing(Ledger(Layout(study.folder).ledger)) as ledger, ledger.transaction():
        came = [(f"2026-01-0{seq}T00:00:00+00:00", seq) for seq in (1, 2, 3)]
        ledger.connection.executemany("UPDATE drops SET received_at = ? WHERE seq = ?", came)

    assert ("late", "berlin") in to_do(study)


def test_rows_that_were_mended_are_nothing_to_do_any_more(study: Scenario) -> None:
    study.drop("a.csv", BAD)
    night(study)
    study.drop("b.csv", table(f"{ANNA},2,1,2,5", f"{ANNA},3,1,5,3"))

    night(study)

    assert ("held", "berlin") not in to_do(study)
    assert morning(study).sites[0].causes == []


def test_only_what_still_waits_is_told_as_a_cause(study: Scenario) -> None:
    study.drop("a.csv", BAD)
    night(study)
    study.drop("b.csv", table(f"{ANNA},2,1,2,5"))

    night(study)

    assert [(cause.line, cause.column) for cause in morning(study).sites[0].causes] == [(4, "q2")]
    assert morning(study).sites[0].more_waiting == -1


def test_forms_that_a_snapshot_lacks_are_told(study: Scenario) -> None:
    study.export(snapshot=True)
    study.drop("a.csv", table(f"{ANNA},1,1,2,3", f"{ANNA},2,1,2,3"))
    night(study)
    study.drop("b.csv", table(f"{ANNA},1,1,2,3"))

    night(study)

    assert morning(study).sites[0].vanished == 1
    assert "1 form that earlier files brought is not in the site's new snapshot" in words(study)


def test_new_and_changed_forms_are_told_per_instrument(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3"))
    night(study)
    study.drop("b.csv", table(f"{ANNA},1,1,2,4", f"{ANNA},2,1,2,3"))

    night(study)

    assert "berlin pocket 1 1 2 (+1)" in words(study)


def test_of_many_files_the_last_ones_are_listed_and_the_others_counted(
    study: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliance_etl.morning.page.MOST_FILES", 1)
    study.drop("first.csv", table(f"{ANNA},1,1,2,3"))
    study.drop("second.csv", table(f"{ANNA},2,1,2,3"))

    night(study)

    assert "And 1 earlier file;" in words(study)
    assert "first.csv" not in words(study)


def test_the_page_needs_nothing_from_elsewhere(study: Scenario) -> None:
    study.drop("a.csv", BAD)

    night(study)

    assert not re.search(r"<script|@import|url\(|https?://|src=", page(study))


def test_every_plot_has_words_in_its_place(study: Scenario) -> None:
    study.drop("a.csv", BAD)
    night(study)
    night(study, failure=RunFailed("no room"))

    plots = re.findall(r"<svg[^>]*>", page(study))

    assert len(plots) == 4
    assert all('role="img"' in plot and 'aria-label="' in plot for plot in plots)
    assert "Held rows that wait. 2 nights" in page(study)
    assert "1 of them did not end well" in page(study)


def test_no_id_and_no_answers_text_gets_onto_the_page(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,{ANNA},2,3", f"{ANNA},x,1,2,3", f"{ANNA},2,1,2,9"))

    night(study)

    assert ANNA not in page(study)


def test_names_from_outside_are_shown_and_never_run(study: Scenario) -> None:
    study.sites["berlin"]["title"] = "<script>alert(1)</script>"
    study.write()
    study.drop("<b>a&b.csv", BAD)

    night(study)

    assert "<script>alert" not in page(study)
    assert "<b>a&b" not in page(study)
    assert "<b>a&b.csv" in words(study)


def test_what_a_killed_run_left_of_a_page_is_swept_away(study: Scenario) -> None:
    reports = Layout(study.folder).reports
    reports.mkdir(parents=True)
    (reports / ".night.html.4711.tmp").write_text("half a page")

    night(study)

    assert [path.name for path in reports.iterdir()] == ["night.html"]


def test_a_page_that_cannot_be_written_makes_no_night_fail(study: Scenario) -> None:
    Layout(study.folder).warehouse.mkdir()
    Layout(study.folder).reports.write_text("a file where a folder should be")

    booking = night(study)

    assert "the page of the night could not be written" in str(booking.untold)
    assert booking.course.outcome == "published"


def test_status_begins_with_the_last_night(study: Scenario) -> None:
    study.drop("a.csv", BAD)
    night(study)
    night(study, failure=RunFailed("no room on the disk"))

    told = CliRunner().invoke(app, ["status", "--study", str(study.folder)]).stdout

    assert "failed (by schedule" in told
    assert "why: no room on the disk" in told
    assert "held rows 2 (+0)" in told
    assert "night.html" in told


def test_status_for_programs_has_the_last_nights(study: Scenario) -> None:
    study.drop("a.csv", BAD)
    night(study)

    told = json.loads(CliRunner().invoke(app, ["status", "--study", str(study.folder), "--json"]).stdout)

    (entry,) = told["nights"]
    assert (entry["outcome"], entry["sites"]["berlin"]["waiting"]) == ("published", 2)
    assert (told["morning"]["files"], told["morning"]["new"], told["morning"]["waiting"]) == (1, 1, 2)


def test_status_says_that_a_night_is_at_work(study: Scenario) -> None:
    with study.opened() as opened, booked(opened, started_by="schedule"):
        told = CliRunner().invoke(app, ["status", "--study", str(study.folder)]).stdout

    assert "A night is at work since" in told
