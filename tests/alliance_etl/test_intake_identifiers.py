"""Direct identifiers: columns that the study does not need are named by their name or by what is in them."""
# ruff: noqa: E501 - lists of names read best as text that runs on

from datetime import date
from pathlib import Path

import pytest

from alliance_etl.intake.identifiers import kind_of_name
from alliance_etl.intake.identifying_values import kind_of_values, names_people
from tests.scenario import Scenario, codes, table

RECEIVED = date(2026, 11, 24)

NAMED = {
    "name": (
        "Name, NAME, name_1, first_name, FirstName, firstname, Last Name, lastName, Surname, full-name, RecipientFirstName, RecipientLastName, "
        "patient_name, PatientName, Client name, therapist_name, Vorname, Nachname, Familienname, Patientenname, Name des Patienten, vorname_klient, "
        "Prénom, Nom, Nom de famille, NOM_PATIENT, Cognome, Nome, Apellidos, Nombre, nombre_completo, Voornaam, Achternaam, Naam, Förnamn, Efternamn, Namn, "
        "Fornavn, Efternavn, Etternavn, Navn, Etunimi, Sukunimi, Nimi, Imię, Nazwisko, Apelido, Sobrenome, Nome completo, Initialen, Username"
    ),
    "email": (
        "email, E-Mail, eMail, EMAIL, e_mail, RecipientEmail, EmailAddress, email address, E-Mail-Adresse, Mailadresse, Mail, client_email, email2, Courriel, "
        "Adresse électronique, Correo electrónico, Correo, Posta elettronica, Indirizzo e-mail, E-postadress, E-post, Epost, Sähköposti, Adres e-mail"
    ),
    "phone": (
        "phone, Phone, phone_number, PhoneNumber, Telephone, mobile, Mobile phone, cell_phone, home_phone, Q3_phone, Telefon, Tel., Tel-Nr, "
        "Telefonnummer, Telefon privat, Handy, Handynummer, Mobilnummer, Numéro de téléphone, téléphone, Telefono, Cellulare, Teléfono, Móvil, "
        "Telefone, Telemóvel, Telefoonnummer, Puhelinnumero, Puhelin, Numer telefonu, Natel"
    ),
    "address": (
        "address, Address, home_address, StreetAddress, Street, zip, ZIP code, zipcode, Postcode, PLZ, Postleitzahl, Straße, Strasse, "
        "Straße und Hausnummer, Anschrift, Wohnort, Adresse, Code postal, Adresse postale, Indirizzo, Domicilio, Código postal, Endereço, Morada, Woonplaats, "
        "Straatnaam, Postadress, Gatuadress, Postnummer, Adresse du patient, Osoite, Katuosoite, Kod pocztowy, Adres, Adres zamieszkania"
    ),
    "birth_date": (
        "birth_date, BirthDate, birthdate, Date of birth, dateOfBirth, DOB, dob, birthday, Geburtsdatum, Geb.-Datum, GebDat, Geburtstag, "
        "Klient_Geburtsdatum, Date de naissance, Data di nascita, Fecha de nacimiento, Data de nascimento, Geboortedatum, Födelsedatum, Fødselsdato, "
        "Syntymäaika, Data urodzenia"
    ),
    "ip": "IPAddress, ipaddr, ip_address, IP-Adresse, IP, ip, Adresse IP, Indirizzo IP, Dirección IP, IP-adres",
    "place": "LocationLatitude, LocationLongitude, latitude, Longitude, lat, lng, GPS, Breitengrad, Längengrad",
    "national_id": (
        "SSN, ssn, social_security_number, SocialSecurityNumber, NHS number, NHSNumber, nhs_no, MRN, medical_record_number, Insurance number, "
        "Versichertennummer, Versicherten-Nr., Krankenversichertennummer, KVNR, Sozialversicherungsnummer, AHV, AHV-Nr., AHV-Nummer, N° AVS, "
        "Numéro de sécurité sociale, NIR, Codice fiscale, DNI, Número de utente, CPF, BSN, Burgerservicenummer, Personnummer, CPR-nummer, Fødselsnummer, "
        "Henkilötunnus, hetu, PESEL, passport"
    ),
    "bank": "IBAN, Kontonummer, account number",
}  # fmt: skip
INNOCENT = (
    "item_name, session, mail_wave, Sitzung, Datum, WAI1, wai_01, q1, Status, Progress, Finished, ResponseId, Duration (in seconds), "
    "redcap_event_name, redcap_repeat_instrument, redcap_data_access_group, record_id, instrument_name, event name, file_name, form_name, "
    "study_name, site_name, clinic_name, variable.name, Name der Klinik, Name des Fragebogens, StartDate, EndDate, RecordedDate, UserLanguage, "
    "DistributionChannel, ExternalReference, submitdate, lastpage, startlanguage, seed, token_used, Klient-ID, client, participant_id, "
    "Patient, therapist, Therapeut, Beobachter, rater, Bemerkung, Kommentar, comment, remark, group, Gruppe, arm, age, Alter, sex, gender, "
    "Geschlecht, country, date, birth_order, birthplace_known, first_session, last_session, last_contact, first_answer, street_noise, "
    "email_reminder_sent, phone_session, telefon_sitzung, telephone_interview, address_terms, addressed, mobile_app_used, "
    "script, trip, tip, zip_file, equip, IP_score, latent_1, later, longterm, flat, translate, nominal, nominate, denomination, namesake, "
    "renamed, username_set, mailing, telling, hotel, telos, mobility, passive, password_ok, nie, via, cap, pass, ort_score, strata, strategy, "
    "satisfaction, strassenverkehr, adressat, vornehmen, nachher, handicap, faxen, sum, total, SRS_Summe, WAI_Ziele, phase, T0, wave, "
    "kindness, personality, person_reliability, child_form, parent_form, home_practice, work_alliance, worth, ipsatized, case_number, "
    "Änderung, Übung, größe, données, núm. sesión, año, Ålder, ærlighed, 会话, сессия, , 1, __, data, id, number, Nr, text, entry"
)


def listed(names: str) -> list[str]:
    return names.split(", ")


@pytest.mark.parametrize(
    ("kind", "column"), [(kind, column) for kind, columns in NAMED.items() for column in listed(columns)]
)
def test_a_column_that_is_called_like_an_identifier_is_known_for_one(kind: str, column: str) -> None:
    assert kind_of_name(column) == kind


@pytest.mark.parametrize("column", listed(INNOCENT))
def test_a_column_that_is_called_otherwise_raises_no_alarm(column: str) -> None:
    assert kind_of_name(column) is None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("e-mail addresses", ["anna.m@example.org", "b@praxis.de", ""]),
        ("network addresses", ["192.168.17.4", "10.0.0.255"]),
        ("network addresses", ["2001:db8::8a2e:370:7334", "fe80::1ff:fe23:4567:890a"]),
        ("bank accounts", ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"]),
        ("AHV numbers", ["756.9217.0769.85", "756.1234.5678.97"]),
        ("NHS numbers", ["943 476 5919", "943-476-5919", "401 023 2137"]),
        ("insurance numbers", ["A123456780", "T000000002"]),
        ("personal numbers", ["19811218-9876", "811228-9874"]),
        ("personal numbers", ["131052-308T", "010594Y9032"]),
        ("personal numbers", ["44051401359", "02070803628"]),
        ("personal numbers", ["2 55 08 14 168 025 38", "255081416802538"]),
        ("personal numbers", ["12345678Z", "X1234567L"]),
        ("personal numbers", ["RSSMRA85T10A562S", "BNCLCU70A41H501X"]),
        ("social security numbers", ["078-05-1120", "123-45-6789"]),
        ("telephone numbers", ["+49 30 901820", "0049 170 1234567", "030/901820"]),
        ("telephone numbers", ["+41 44 668 18 00", "044 668 18 01"]),
        ("family and first names", ["Müller, Anna", "O'Brien, Mary Jane", "de Vries, Jan", "García-Márquez, José"]),
        ("birth dates", ["17.03.1984", "02.11.1951", "30.06.1999"]),
        ("birth dates", ["1984-03-17", "1951-11-02", "1999-06-30", "1970-01-01"]),
    ],
)  # fmt: skip
def test_a_column_of_identifiers_is_known_by_what_is_in_it(kind: str, values: list[str]) -> None:
    assert kind_of_values(values, RECEIVED) == kind


@pytest.mark.parametrize(
    "values",
    [
        [], [""], ["1", "2", "3"], ["not at all", "always", "seldom"], ["2026-02-05", "2026-02-12", "2025-12-31"],
        ["05.02.2026", "12.02.2026"], ["2026-02-05 10:00:00", "2026-02-05 11:30:10"], ["12:30:15", "08:01:59"],
        ["R_2dK3jf83kd", "R_1aa8fj20dk"], ["K-0412", "K-0413"], ["00412345", "00412346"], ["1234567", "7654321"],
        ["3.14159265", "2.71828182"], ["10.5281/zenodo.1", "10.5281/zenodo.2"], ["1.2.3", "1.2.4"],
        ["goals, tasks and the bond were talked about at length", "a long remark, with a comma"],
        ["https://example.org/a", "https://example.org/b"], ["north_star", "control_group"],
        ["2015-01-02", "2015-02-03", "2015-03-04"], ["123456789012", "210987654321"], ["1.5e-12", "2.5e-120"],
        ["9434765918", "9434765917"], ["12345678A", "87654321A"], ["yes, often", "no, never", "x", "y", "z"], ["Yes, Often", "No, Never"] * 40,
        ["2020-01-05", "2026-02-05", "2012-03-04"], ["0.1234567", "0.7654321"], ["-0.123456", "-0.654321"],
    ],
    ids=lambda values: values[0] if values else "nothing",
)  # fmt: skip
def test_other_values_raise_no_alarm(values: list[str]) -> None:
    assert kind_of_values(values, RECEIVED) is None


def test_dates_are_judged_by_the_day_of_receipt() -> None:
    dates = ["2001-03-17", "2010-11-02", "2014-06-30"]

    assert kind_of_values(dates, date(2016, 1, 1)) is None
    assert kind_of_values(dates, date(2026, 1, 1)) == "birth dates"


@pytest.mark.parametrize("values", [["K-1", "K-2"], ["00412", "00413"], ["Anna", "Ben"], ["A;B"], []])
def test_ids_that_are_made_up_raise_no_alarm(values: list[str]) -> None:
    assert names_people(values) is None


def test_columns_that_identify_are_told_in_a_finding_of_their_own(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    header = "client,session,q1,q2,q3,RecipientEmail,note,wave"
    rows = [f"K{n},1,1,2,3,anna{n}@example.org,+49 30 90182{n},{n}" for n in range(5)]

    drop = study.received("a.csv", table(*rows, header=header))

    told = {finding["code"]: finding for finding in study.receipt(drop)["findings"]}
    assert set(told) == {"columns_not_read", "identifiers_in_file"}
    finding = told["identifiers_in_file"]
    assert (finding["severity"], finding["count"], finding["line"]) == ("warning", 2, 1)
    assert "'RecipientEmail' (an e-mail address, by its name)" in finding["message"]
    assert "'note' (telephone numbers, by what is in it)" in finding["message"]
    assert "wave" not in finding["message"]
    assert "Leave these columns out" in finding["how_to_fix"]
    assert "example.org" not in str(study.receipt(drop))
    assert drop.counts.held == 0


def test_a_column_that_the_study_reads_is_not_told_as_superfluous(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(participant="Name", date="birthday", session=None)

    drop = study.received("a.csv", table("K1,2026-01-05,1,2,3", header="Name,birthday,q1,q2,q3"))

    assert codes(study.receipt(drop)["findings"]) == []


@pytest.mark.parametrize(
    ("ids", "what"),
    [
        (["anna@example.org", "ben@example.org"], "e-mail addresses"),
        (['"Müller, Anna"', '"de Vries, Jan"'], "family and first names"),
    ],
)
def test_participants_whose_ids_name_them_are_told_and_no_value_is(ids: list[str], what: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)

    drop = study.received("a.csv", table(*(f"{each},1,1,2,3" for each in ids)))

    (finding,) = study.receipt(drop)["findings"]
    assert (finding["code"], finding["severity"], finding["export"]) == ("participant_identifies", "warning", "pocket")
    assert what in finding["message"]
    assert "'client'" in finding["message"]
    assert not any(word in str(study.receipt(drop)) for word in ("example.org", "Müller", "Vries", "anna"))
    assert drop.counts.new == 2


def test_only_the_first_rows_are_looked_at(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    rows = [f"K{n},1,1,2,3,{'word' if n < 200 else 'anna@example.org'}" for n in range(900)]

    drop = study.received("a.csv", table(*rows, header="client,session,q1,q2,q3,note"))

    assert codes(study.receipt(drop)["findings"]) == ["columns_not_read"]
