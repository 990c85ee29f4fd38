"""The demo study on disk: the same bytes each time, in the dialects claimed, with counts that add up."""

import codecs
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alliance_etl.demo.plan import STUDY_FILE
from alliance_etl.demo.study import DemoFile, DemoNight, demo_files, write_demo
from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.registry import load_registry
from alliance_etl.study.against import check_against
from alliance_etl.study.load import load_study

DIGEST = "from alliance_etl.demo.study import demo_files; print(*(file.content.hex() for file in demo_files()))"


@pytest.fixture(scope="module")
def files() -> dict[tuple[str, str], DemoFile]:
    return {(file.site, file.name): file for file in demo_files()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def nights(folder: Path) -> tuple[DemoNight, DemoNight]:
    return write_demo(folder, night=1), write_demo(folder, night=2)


def test_another_process_writes_the_same_bytes(files: dict[tuple[str, str], DemoFile]) -> None:
    elsewhere = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert elsewhere.stdout.split() == [file.content.hex() for file in files.values()]


def test_the_study_file_is_yaml_with_comments() -> None:
    text = STUDY_FILE.read_text(encoding="utf-8")
    assert list(YAML(typ="safe", pure=True).load(text)["sites"]) == list(load_study(STUDY_FILE).sites)
    assert text.count("#") >= 25


def test_the_study_file_says_nothing_that_the_registry_contradicts(
    folder: Path, nights: tuple[DemoNight, DemoNight]
) -> None:
    study = load_study(folder)
    check_against(study, load_registry())
    assert all(site.drop.is_dir() for site in study.sites.values())


def test_nine_sites_send_seven_instruments_from_three_views(nights: tuple[DemoNight, DemoNight]) -> None:
    truth = [form for night in nights for form in night.truth]
    assert len({form.site for form in truth}) == 9
    assert len({form.instrument for form in truth}) == 7
    assert {form.rater_role for form in truth} == {"client", "therapist", "observer"}
    assert (
        1_500
        <= len({(form.site, form.instrument, form.participant, form.session, form.rater) for form in truth})
        <= 3_000
    )


def test_every_row_is_counted_once(files: dict[tuple[str, str], DemoFile]) -> None:
    assert all(file.counts.conserved for file in files.values())


@pytest.mark.parametrize(
    ("site", "name", "encoding", "exports"),
    [
        ("berlin", "wai_klient_2026q1.csv", "cp1252", 1),
        ("berlin", "wai_therapeut_2026q1.csv", "cp1252", 1),
        ("goteborg", "haq_vt26.csv", "utf-8-sig", 1),
        ("montreal", "alliance_2026-01.txt", "utf-16", 2),
        ("amsterdam", "wav_2026.csv", "latin-1", 1),
        ("valencia", "wai_semana_santa.csv", "cp1252", 1),
        ("boston", "wai_long_batch1.csv", "utf-8", 1),
        ("leeds", "srs_to_june.csv", "utf-8", 1),
        ("zurich", "rating_welle1.csv", "utf-8", 1),
    ],
)
def test_counts_add_up_to_the_lines_of_the_file(
    files: dict[tuple[str, str], DemoFile], site: str, name: str, encoding: str, exports: int
) -> None:
    file = files[site, name]
    lines = file.content.decode(encoding).splitlines()
    rows_read, *fates = astuple(file.counts)
    assert rows_read == sum(fates) == exports * (len(lines) - 1)


@pytest.mark.parametrize(
    ("site", "name", "starts_with", "holds"),
    [
        ("berlin", "wai_klient_2026q1.csv", b"Klient-ID;Sitzung;Datum;", ";öfter;".encode("cp1252")),
        ("berlin", "srs_2026q1.csv", b"Klient-ID;", b".2026;Th-0"),
        ("goteborg", "wai_vt26.csv", codecs.BOM_UTF8 + "Löpnr;Träff".encode(), b";-99;"),
        ("montreal", "alliance_2026-01.txt", codecs.BOM_UTF16_LE, "No dossier\tSéance".encode("utf-16-le")),
        ("amsterdam", "haq_2026.csv", b"Cli\xebnt;", b";HAQ_totaal\n"),
        ("valencia", "wai_invierno.csv", b"C\xf3digo;Sesi\xf3n", b";WAI-SR 12\r\n"),
        ("boston", "wai_long_batch1.csv", b'"","client_id","session"', b'"NA"\n'),
        ("leeds", "srs_to_march.csv", b"Appointment,Client Ref", b",SRS Total\r\n"),
        ("zurich", "rating_welle1.csv", b"Status,Fall,Sitzung", b"Survey Preview,"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_site_writes_in_its_own_dialect(
    files: dict[tuple[str, str], DemoFile], site: str, name: str, starts_with: bytes, holds: bytes
) -> None:
    content = files[site, name].content
    assert content.startswith(starts_with)
    assert holds in content


@pytest.mark.parametrize(("site", "name"), [("berlin", "wai_klient_2026q1.csv"), ("amsterdam", "haq_2026.csv")])
def test_an_old_encoding_is_no_utf_8(files: dict[tuple[str, str], DemoFile], site: str, name: str) -> None:
    with pytest.raises(UnicodeDecodeError):
        files[site, name].content.decode("utf-8")


def test_all_dates_lie_in_two_winters_but_for_the_one_in_the_future(files: dict[tuple[str, str], DemoFile]) -> None:
    texts = [file.content.replace(b"\0", b"").decode("latin-1") for file in files.values() if b"PK" not in file.content]
    months = {month for text in texts for month in re.findall(r"\b(20[2-9]\d-\d\d)-\d\d\b", text)}
    assert months - {"2062-01"}
    assert max(months - {"2062-01"}) < "2026-09"
    years = {year for text in texts for year in re.findall(r"\d\d[./-]\d\d[./-](20\d\d)", text)}
    assert years == {"2025", "2026"}


def test_the_second_night_overwrites_nothing(nights: tuple[DemoNight, DemoNight]) -> None:
    assert not set(nights[0].files) & set(nights[1].files)


def test_a_site_that_was_silent_delivers_on_the_second_night(nights: tuple[DemoNight, DemoNight]) -> None:
    sites = [{site for site, _ in night.expected} for night in nights]
    assert sites[1] - sites[0] == {"oslo"}


def test_the_second_night_brings_new_changed_and_unchanged_rows(nights: tuple[DemoNight, DemoNight]) -> None:
    korrektur = nights[1].expected["berlin", "wai_klient_korrektur.csv"]
    assert (korrektur.new, korrektur.changed, korrektur.unchanged) == (6, 2, 1)


def test_a_file_that_was_rejected_comes_again_put_right(nights: tuple[DemoNight, DemoNight]) -> None:
    rejected = nights[0].expected["amsterdam", "wav_2026.csv"]
    assert ("amsterdam", "wav_2026.csv") in nights[0].rejected
    assert rejected.held == nights[1].expected["amsterdam", "wav_2026_hersteld.csv"].new == 78


def test_a_file_comes_again_byte_for_byte(folder: Path, nights: tuple[DemoNight, DemoNight]) -> None:
    drop = folder / "drops" / "montreal"
    digests = [hashlib.sha256((drop / f"alliance_2026-02{end}.txt").read_bytes()).hexdigest() for end in ("", " (1)")]
    assert digests[0] == digests[1]


def test_the_second_night_needs_the_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="write night 1 before it"):
        write_demo(tmp_path, night=2)
