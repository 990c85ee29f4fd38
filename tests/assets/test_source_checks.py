"""The check of a remote source: it fails while the source does, and passes again once it answers, news or none."""

from pathlib import Path

import dagster as dg
import pytest

from alliance_etl.cli.night import run_night
from alliance_etl.pull import source
from assets.home import open_instance
from tests.alliance_etl.pull_servers import folder_handler, free_port, served
from tests.assets.tiny_study import STUDY, drop_wai, write_study_with_dagster

pytestmark = pytest.mark.slow


def pulled_from(folder: Path, address: str) -> None:
    """Berlin's files are fetched from there."""
    text = STUDY.replace("  berlin:\n", f"  berlin:\n    drop: {address}\n")
    (folder / "study.yaml").write_text(text, encoding="utf-8")


def last_verdict(folder: Path, site: str) -> str | None:
    key = dg.AssetCheckKey(dg.AssetKey(["drops", site]), "source_answers")
    with open_instance(folder / ".state" / "dagster") as instance:
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    return records[0].status.name if records else None


def test_the_command_lines_runs_show_whether_a_source_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FIRST_PAUSE", 0.01)
    web = tmp_path / "web"
    web.mkdir()
    folder = write_study_with_dagster(tmp_path / "study")
    drop_wai(folder, site="quiet")
    pulled_from(folder, f"http://127.0.0.1:{free_port()}/")
    down = run_night(folder, own_home=True).document
    verdicts = [last_verdict(folder, "berlin")]
    with served(folder_handler(web, [])) as port:
        pulled_from(folder, f"http://127.0.0.1:{port}/")
        up = run_night(folder, own_home=True).document
    verdicts.append(last_verdict(folder, "berlin"))

    assert verdicts == ["FAILED", "SUCCEEDED"]
    assert last_verdict(folder, "quiet") is None
    assert "cannot be reached" in down["sites_failed"]["berlin"]
    assert [drop["site"] for drop in down["drops"]] == ["quiet"]
    assert up["sites_failed"] == {}
    assert down["published"]
    assert up["published"]
