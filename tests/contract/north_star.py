"""A study of four sites, written by hand from the contract: every key of study.yaml stands in it at least once.

What the answers come to was worked out on paper; see test_tables.py. The ids begin with KL, PAS, PN, GB: none of them
may be met outside of drops/.
"""

import unicodedata

KEY = "schlüssel der studie"

STUDY = r"""
study: north_star
title: North Star alliance study
timezone: Europe/Berlin
schedule: "0 2 * * *"
settle_seconds: 0
scoring: {min_answered: 0.75}
sites:
  berlin:
    title: Berlin outpatient clinic
    drop: drops/Berlin Mitte
    exports:
      wai:
        files: "wai*.csv"
        instrument: wai_sr_client
        participant: Klient-ID
        session: Sitzung
        date: Datum
        date_format: "%d.%m.%Y"
        therapist: Therapeut
        items: "WAI{n}"
        totals: {goal: WAI_Ziele}
        missing: {"-99": not_answered, "k.A.": refused}
        labels: {selten: 1, immer: 5}
        response: {min: 0, max: 4}
        skip_rows: {Status: Survey Preview}
        delimiter: ";"
        decimal: ","
        encoding: cp1252
        layout: wide
        snapshot: false
      srs:
        files: "wai*.csv"
        instrument: srs3_client
        participant: Klient-ID
        session: Sitzung
        therapist: Therapeut
        scores: {total: SRS_Summe}
        missing: {"-99": not_answered, "k.A.": refused}
        skip_rows: {Status: Survey Preview}
        delimiter: ";"
        encoding: cp1252
  oslo:
    exports:
      wais:
        files: "*.CSV"
        instrument: wai_s_client
        participant: 'Pasient nr. "A"'
        date: Dato
        items: [select, "order by", "Spørsmål 3", "q'4", w5, w6, w7, w8, w9, w10, w11, w12]
        reversed_at_source: [4]
  wien:
    exports:
      wai36:
        files: "lang*.txt"
        instrument: wai36_client
        participant: PatNr
        session: Stunde
        layout: {item: Frage, value: Antwort}
        items: "F{n:02d}"
  london:
    exports:
      softa:
        files: "obs.csv"
        instrument: softa_o
        participant: id
        session: session
        rater: coder
        items: {1: eng, 2: conn, 3: safe, 4: purp}
      mood:
        files: ["obs.csv", "extra*.csv"]
        instrument: mini_alliance
        participant: id
        session: session
        items: "m{n}"
        snapshot: true
"""

MINI_ALLIANCE = """
id: mini_alliance
family: MINI
name: Mini alliance, three questions
status: built_in
rater_roles: [client, therapist]
n_items: 3
response: {min: 1, max: 7, step: 1}
reversed_items: [3]
rule: mean
scales:
  "the whole": {items: [1, 2, 3]}
  total: {items: [1, 2, 3], rule: sum}
mapping:
  - {component: bond, items: [1], grade: A}
  - {component: overall, scales: [total], grade: B}
  - {component: none, items: [2], reason: about something else}
"""

_HEADER = (
    f"Klient-ID;Sitzung;Datum;Therapeut;Status;{';'.join(f'WAI{n}' for n in range(1, 13))};WAI_Ziele;SRS_Summe;Müde"
)
_FOURS = ";".join("4" * 12)
BERLIN = [
    _HEADER,
    "KL-007;1;05.03.2024;KL-Müller;ok;0;1;2;3;4;0;1;2;3;4;0;1;9;36,5;müde",
    "KL-007;2;12.03.2024;KL-Müller;ok;-99,0;1;2;K.A.;4;;1;2;3;4;0;1;;k.a.;",
    "  KL-008 ;1;06.03.2024;;ok; Selten ;IMMER;4;4;4;4;4;4;4;4;4;4;19;;",
    f"KL-009;1;06.03.2024;;Survey Preview;{_FOURS};20;40;",
    f";3;06.03.2024;;ok;{_FOURS};20;40;",
    f"KL-010;;;;ok;{_FOURS};20;40;",
    "KL-011;1;06.03.2024;;ok;5;4;4;4;4;4;4;4;4;4;4;4;20;41;",
    "KL-012;1;06.03.2024;;ok;2,5;4;4;4;4;4;4;4;4;4;4;4;20;;",
    "KL-013;1;31.02.2024;;ok;2;4;4;4;4;4;4;4;4;4;4;4;20;;",
    f"KL-014;1;01.03.2024;;ok;{';'.join(['k.A.'] * 12)};;;",
    ";" * 19,
    "",
    "KL-015;1;01.03.2024;;ok;2",
]
OSLO = (
    f'"Pasient nr. ""A""",Dato,select,order by,{unicodedata.normalize("NFD", "Spørsmål 3")},q\'4,'
    "w5,w6,w7,w8,w9,w10,w11,w12\n"
    "PAS001,2024-01-02,1,2,3,6,5,6,7,1,2,3,4,5\n"
    '"PAS, ""x"" 😀",2024-01-03T14:00:00,7,7,7,7,7,7,7,7,7,7,7,7\n'
    f"PAS{'x' * 5000},2024-01-04,7,7,7,7,7,7,7,7,7,7,7,7\n"
    "PASabc,2024-01-04,7,7,7,7,7,7,7,7,7,7,7,7\n"
    "PASABC,2024-01-04,7,7,7,7,7,7,7,7,7,7,7,7\n"
)
WIEN = (
    "PatNr\tStunde\tFrage\tAntwort\r\n"
    + "".join(f"PN1\t3.0\tF{n:02d}\t2\r\n" for n in range(1, 37))
    + "".join(f"PN2\t3,0\tF{n:02d}\t4\r\n" for n in range(1, 36))
)
LONDON = (
    "id,session,coder,eng,conn,safe,purp,m1,m2,m3\n"
    "GB1,1,GB-Ann,-3,0,3,1,1,2,3\n"
    "GB1,1,GB-Bob,-2,1,,1,1,2,3\n"
    "GB2,1,GB-Ann,3,3,3,3,7,7,1\n"
)

FILES: dict[str, str | bytes] = {
    "study.yaml": STUDY,
    "instruments/mini_alliance.yaml": MINI_ALLIANCE,
    "drops/Berlin Mitte/WAI_2024.csv": "\r\n".join([*BERLIN, ""]).encode("cp1252"),
    'drops/oslo/wai "final",\n new.csv': OSLO,
    "drops/wien/Lang 1.txt": WIEN.encode("utf-16"),
    "drops/london/Obs.CSV": LONDON,
    "drops/london/Extra.csv": "id,session,m1,m2,m3\nGB3,1,4,,4\n",
    "drops/london/unknown.dat": "hello",
    "drops/london/wait.csv.part": LONDON,
    "drops/london/.hidden.csv": LONDON,
}
IDS = ("KL-0", "KL-M", "PAS0", "PAS,", "PASx", "PASa", "PASA", "PN1", "PN2", "GB1", "GB2", "GB3", "GB-A", "GB-B")
