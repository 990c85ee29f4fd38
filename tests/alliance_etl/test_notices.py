"""Notices: sent by real mail and web servers on loopback, only when there is news, and never at the night's expense."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.errors import RunFailed, StudyFileError
from alliance_etl.morning import courier
from alliance_etl.morning.courier import Letter, send
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.load import load_study
from tests.alliance_etl.post_servers import (
    Postbox,
    mail_address,
    mail_server,
    server_that_says_nothing,
    text_of,
    web_server,
)
from tests.alliance_etl.pull_servers import free_port
from tests.alliance_etl.test_morning import night, page
from tests.scenario import EXPORT, Scenario, site, table

ANNA = "Anna-4711"
NO_ROOM = RunFailed("no room on the disk")
GOOD = table(f"{ANNA},1,1,2,3")
BAD = table(f"{ANNA},2,1,2,9")


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    notices = [{"url": "$TEST_NOTICES", "when": ["failed", "source", "held", "alerts", "quality"]}]
    made = Scenario(
        tmp_path / "study", {"berlin": site(pocket=EXPORT), "oslo": site(pocket=EXPORT)}, {"notices": notices}
    )
    made.drop("first.csv", GOOD)
    return made


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
def hook(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    """A box that the study's one notice goes to, by a webhook."""
    with web_server(box) as url:
        monkeypatch.setenv("TEST_NOTICES", url)
        yield box


def told_long_ago(study: Scenario) -> None:
    with closing(Ledger(Layout(study.folder).ledger)) as ledger, ledger.transaction():
        ledger.connection.execute("UPDATE told_things SET told_at = '2026-01-01T00:00:00+00:00'")


def test_a_mail_says_what_to_do_in_plain_words(study: Scenario, box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    study.drop("b.csv", BAD)
    with mail_server(box) as url:
        monkeypatch.setenv("TEST_NOTICES", url)

        night(study)

    (mail,) = box.mails
    said = text_of(mail)
    assert (mail["subject"], box.recipients) == ("north star: 1 thing to do (berlin)", [["data@study.example.org"]])
    assert "1 row held until mended. Most often: The answer lies outside the range" in said
    assert "What to do: Correct the answer" in said
    assert str(Layout(study.folder).night_page) in said


def test_a_webhook_gets_the_same(study: Scenario, hook: Postbox) -> None:
    study.drop("b.csv", BAD)

    night(study)

    (post,) = hook.posts
    assert post["title"] == "north star: 1 thing to do (berlin)"
    assert "1 row held until mended" in post["message"]


def test_nothing_is_sent_where_nothing_is_to_do(study: Scenario, hook: Postbox) -> None:
    night(study)

    assert hook.posts == []


def test_no_id_and_no_answer_is_in_a_notice(study: Scenario, hook: Postbox) -> None:
    study.drop("b.csv", table(f"{ANNA},2,{ANNA},2,9", f"{ANNA},x,1,2,3"))

    night(study)

    assert ANNA not in json.dumps(hook.posts)
    assert len(hook.posts) == 1


def test_a_failure_is_told_once(study: Scenario, hook: Postbox) -> None:
    night(study, failure=NO_ROOM)
    night(study, failure=NO_ROOM)

    (post,) = hook.posts
    assert post["title"] == "north star: the night failed"
    assert "no room on the disk" in post["message"]


def test_another_failure_is_told(study: Scenario, hook: Postbox) -> None:
    night(study, failure=NO_ROOM)
    night(study, failure=RunFailed("the key is another one"))

    assert len(hook.posts) == 2


def test_what_lasts_is_told_again_after_some_days(study: Scenario, hook: Postbox) -> None:
    night(study, failure=NO_ROOM)
    told_long_ago(study)

    night(study, failure=NO_ROOM)

    assert len(hook.posts) == 2


def test_that_it_is_well_again_is_told_once(study: Scenario, hook: Postbox) -> None:
    night(study, failure=NO_ROOM)
    night(study)
    night(study)

    assert [post["title"] for post in hook.posts] == ["north star: the night failed", "north star: well again"]
    assert "The study: the night ended well again" in hook.posts[1]["message"]


def test_more_held_rows_are_news_and_fewer_are_not(study: Scenario, hook: Postbox) -> None:
    study.drop("b.csv", BAD)
    night(study)
    study.drop("c.csv", table(f"{ANNA},3,1,2,9"))
    night(study)
    assert len(hook.posts) == 2

    study.drop("d.csv", table(f"{ANNA},2,1,2,5"))
    night(study)

    assert len(hook.posts) == 2


def test_news_comes_with_what_was_told_before(study: Scenario, hook: Postbox) -> None:
    study.drop("b.csv", BAD)
    night(study)

    night(study, failure=NO_ROOM)

    assert "Told before, and still to do:\n- berlin [berlin]: held" in hook.posts[1]["message"]


def test_a_coordinator_gets_what_is_to_do_at_the_own_site(study: Scenario, hook: Postbox) -> None:
    study.more["notices"][0]["sites"] = ["oslo"]
    study.write()
    study.drop("b.csv", BAD)
    night(study, failure=NO_ROOM)
    assert hook.posts == []

    study.drop("c.csv", BAD, site="oslo")
    night(study, failure=NO_ROOM)

    (post,) = hook.posts
    assert "oslo [oslo] (held)" in post["message"]
    assert "berlin" not in post["message"]
    assert "failed" not in post["message"]


def test_a_notice_tells_only_of_what_it_was_asked_for(study: Scenario, hook: Postbox) -> None:
    study.more["notices"][0]["when"] = ["failed"]
    study.write()
    study.drop("b.csv", BAD)

    night(study)

    assert hook.posts == []


def test_a_notice_that_could_not_be_sent_is_on_the_page_and_sent_the_next_night(study: Scenario, hook: Postbox) -> None:
    study.drop("b.csv", BAD)
    hook.web_status = 503
    booking = night(study)
    assert booking.course.outcome == "published"
    assert "The notice to $TEST_NOTICES cannot be sent since" in page(study)

    hook.web_status = 200
    night(study)

    assert len(hook.posts) == 1
    assert "cannot be sent" not in page(study)


def test_a_variable_that_is_not_set_is_told(study: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_NOTICES", raising=False)
    study.drop("b.csv", BAD)

    night(study)

    assert "$TEST_NOTICES is not set in the environment of the run" in page(study)


def test_a_server_that_is_down_refuses_or_is_slow_is_told_in_its_own_way(box: Postbox) -> None:
    box.mail_answer, box.web_status = "554 no mail from you", 401
    with mail_server(box) as refusing, web_server(box) as forbidding, server_that_says_nothing() as mute:
        urls = [mail_address(free_port()), refusing, forbidding, mail_address(mute)]

        down, refused, forbidden, slow = send([Letter(url, "a", "b") for url in urls], longest_seconds=6)

    assert "refused" in str(down)
    assert "554" in str(refused) or "failed" in str(refused)
    assert "error=401" in str(forbidden)
    assert slow == "its server did not answer within 6 seconds"
    assert box.mails == box.posts == []


def test_one_server_that_is_down_keeps_no_other_notice_back(box: Postbox) -> None:
    with web_server(box) as url:
        outcomes = send([Letter(f"json://127.0.0.1:{free_port()}/", "a", "b"), Letter(url, "a", "b")])

    assert outcomes[0] is not None
    assert outcomes[1] is None
    assert len(box.posts) == 1


def test_why_a_notice_was_not_sent_holds_no_secret() -> None:
    port = free_port()
    urls = [
        f"mailto://robot:hunter2@127.0.0.1:{port}?mode=insecure&from=robot@study.example.org&to=anna@study.example.org",
        f"json://robot:hunter2@127.0.0.1:{port}/hook/s3cret-token?rto=1",
    ]

    told = " ".join(str(why) for why in send([Letter(url, "a", "b") for url in urls]))

    assert "127.0.0.1" in told
    assert not re.search("hunter2|robot|anna|s3cret-token", told)


def test_without_apprise_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)

    why = courier.deliver({"url": "json://127.0.0.1/", "title": "a", "body": "b"})

    assert why == 'apprise is not installed; run: pip install "alliance-etl[notices]"'


def test_the_verb_sends_a_test(study: Scenario, hook: Postbox) -> None:
    result = CliRunner().invoke(app, ["notices", "--test", "--study", str(study.folder)])

    assert (result.exit_code, [post["title"] for post in hook.posts]) == (0, ["north star: a test"])
    assert "$TEST_NOTICES: sent" in result.stdout


def test_the_verb_fails_where_a_test_does_not_arrive(study: Scenario, hook: Postbox) -> None:
    hook.web_status = 404

    result = CliRunner().invoke(app, ["notices", "--test", "--study", str(study.folder), "--json"])

    told = json.loads(result.stdout)
    assert result.exit_code == 3
    assert told["test"][0]["sent"] is False
    assert "error=404" in told["error"]


def test_the_verb_lists_who_is_told_of_what_and_whether_it_arrives(study: Scenario, hook: Postbox) -> None:
    study.drop("b.csv", BAD)
    night(study)

    (told,) = json.loads(CliRunner().invoke(app, ["notices", "--study", str(study.folder), "--json"]).stdout)["notices"]

    assert (told["notice"], told["told"], told["trouble"]) == ("$TEST_NOTICES", 1, None)
    assert told["last_sent"]


def refusal(study: Scenario, *notices: dict[str, object]) -> str:
    study.more["notices"] = list(notices)
    study.write()
    with pytest.raises(StudyFileError) as refused:
        load_study(study.folder)
    return str(refused.value)


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        ({"url": "mailto://robot:hunter2@mail.example.org"}, "a password stands in the address"),
        ({"url": "mailto://mail.example.org?user=robot&pass=hunter2"}, "a password stands in the address"),
        ({"url": "slack://tokenA/tokenB/tokenC"}, "is a secret by itself"),
        ({"url": "me@example.org"}, "expected an address such as mailto://"),
        ({"url": "$no such variable"}, "no variable of the environment"),
        ({"url": "$A", "when": ["fialed"]}, 'did you mean "failed"?'),
        ({"url": "$A", "sites": ["berlni"]}, 'no site "berlni"; did you mean "berlin"?'),
        ({"url": "$A", "again_after_days": "0"}, "expected a number from 1"),
        ({"uri": "$A"}, 'unknown key "uri"; did you mean "url"?'),
    ],
    ids=["password", "password as a key", "token", "no address", "no variable", "when", "site", "days", "key"],
)
def test_what_cannot_be_is_refused_in_words_and_without_the_secret(
    study: Scenario, notice: dict[str, object], said: str
) -> None:
    told = refusal(study, notice)

    assert said in told
    assert "hunter2" not in told
    assert "notices" in told


def test_two_entries_that_go_by_one_name_are_refused(study: Scenario) -> None:
    assert "another entry goes to $A already" in refusal(study, {"url": "$A"}, {"url": "$A", "when": ["held"]})


def test_an_unknown_key_under_alerts_is_told_with_the_nearest(study: Scenario) -> None:
    study.more["alerts"] = {"sesion_order": False}
    study.write()

    with pytest.raises(StudyFileError, match='did you mean "session_order"'):
        load_study(study.folder)
