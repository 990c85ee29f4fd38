"""Sites that do what is odd and legal, one oddity each, and what is due: (rows_read, new, unchanged, held, skipped).

`answers` are the answers due, per form in the order of lines, as text: item by item, a reason where one is missing.
"""

import unicodedata
from dataclasses import dataclass, field

_SRS = "    exports: {{srs: {{files: '*', instrument: srs3_client, participant: {id}, items: 'q{{n}}', {more}}}}}"
_HEADER = "id,s,q1,q2,q3,q4\n"


@dataclass(frozen=True)
class Odd:
    """One site: its part of study.yaml, its file, and what is due."""

    exports: str
    content: str | bytes
    counts: tuple[int, int, int, int, int]
    answers: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    status: str = "accepted"
    extra: dict[str, str] = field(default_factory=dict)


def srs(more: str = "session: s", participant: str = "id") -> str:
    return _SRS.format(id=participant, more=more)


def exports(**keys: str) -> str:
    """Exports by name, each with the keys that it adds to those which all have."""
    each = (f"{name}: {{files: '*', participant: id, session: s, {more}}}" for name, more in keys.items())
    return f"    exports: {{{', '.join(each)}}}"


_HELD = "accepted_with_findings"
_LABELS = "session: s, missing: {-99: not_answered, 'k. A.': refused}, labels: {häufig: 7, '  Très Bien ': 9.5}"
_TWELVE = ",".join(f"w{n}" for n in range(1, 13))

SITES = {
    "labels": Odd(
        srs(_LABELS),
        f"{_HEADER}1,1,-99.0,-99,5,5\n2,1,{unicodedata.normalize('NFD', 'HÄUFIG')},tRÈS bien ,K. a.,\u00a05\n"
        '3,1,"-99,0",1,1,1\n4,1,NA,1,1,1\n',
        (4, 3, 0, 1, 0),
        ("not_answered not_answered 5.0 5.0", "7.0 9.5 refused 5.0", "not_answered 1.0 1.0 1.0"),
        ("C5",),
        _HELD,
    ),
    "sessions": Odd(
        srs("session: s, date: d, date_format: '%d.%m.%Y'"),
        "id;s;d;q1;q2;q3;q4\n"
        + "".join(
            f"{row};1,5;2;3;4\n"
            for row in ("a;3.0;01.02.2024", "b;3,0;", "c; 3 ;1.2.2024", "d;0;", "e;;01.02.2024",
                        "f;-1;", "g;3.5;", "h;S1;", "i;1;01.02.2024 14:30", "j;1;2024-02-01", "k;1;31.12.2999")
        ),
        (11, 5, 0, 6, 0),
        ("1.5 2.0 3.0 4.0",) * 5,
        ("B7", "B8", "B9", "C10", "C11", "C12"),
        _HELD,
    ),
    "lines": Odd(  # line breaks of Windows and in a cell, a byte order mark, ids with outer space, no last line break
        srs(),
        b'\xef\xbb\xbfid,s,q1,q2,q3,q4\r\n"a ""b""\r\nc",1,1,1,1,1\r\n" lead",2,1,1,1,1\r\nlead,2,1,1,1,1\r\n'
        b"lead,2,1,1,1,1\nlast,1,11,1,1,1",
        (5, 2, 2, 1, 0),
        ("1.0 1.0 1.0 1.0",) * 2,
        ("C6",),
        _HELD,
    ),
    "decimals": Odd(
        srs(),
        _HEADER + '1,1,"7,5","8,25",9.5,"10"\n2,1,"1.234,5",1,1,1\n3,1,1e1,1,1,1\n4,1,10.01,1,1,1\n5,1,007,1,1,.5\n',
        (5, 2, 0, 3, 0),
        ("7.5 8.25 9.5 10.0", "7.0 1.0 1.0 0.5"),
        ("C3", "C4", "C5"),
        _HELD,
    ),
    "seven": Odd(  # the WAI-SR with answers from 1 to 7
        exports(w="instrument: wai_sr_client, items: 'w{n}', response: {min: 1, max: 7}"),
        f"id,s,{_TWELVE}\n1,1,1,4,7,1,4,7,1,4,7,1,4,7.0\n2,1,1,2,3,4,5,6,8,1,2,3,4,5\n3,1,,,,1,4,7,,,,1,4,7\n",
        (3, 2, 0, 1, 0),
        (" ".join(["1.0 3.0 5.0"] * 4), " ".join(["blank blank blank", "1.0 3.0 5.0"] * 2)),
        ("I3",),
        _HELD,
    ),
    "two_raters": Odd(  # in one row, told apart by a column each
        exports(
            a="instrument: softa_o, rater: R1, items: 'A{n}'", b="instrument: softa_o, rater: R2, items: 'B{n}'"
        ),
        "id,s,R1,R2,A1,A2,A3,A4,B1,B2,B3,B4\n1,1,Ann,Bob,1,2,3,0,-1,-1,-1,-1\n",
        (2, 2, 0, 0, 0),
        ("1.0 2.0 3.0 0.0", "-1.0 -1.0 -1.0 -1.0"),
    ),
    "no_rater": Odd(  # in one row, not told apart: nobody can say which answers are the form's
        exports(a="instrument: softa_o, items: 'A{n}'", b="instrument: softa_o, items: 'B{n}'"),
        "id,s,A1,A2,A3,A4,B1,B2,B3,B4\n1,1,1,2,3,0,1,1,1,1\n2,1,0,0,0,0,0,0,0,0\n",
        (4, 1, 1, 2, 0),
        ("0.0 0.0 0.0 0.0",),
        status=_HELD,
    ),
    "client_and_therapist": Odd(
        exports(c="instrument: wai_s_client, items: 'c{n}'", t="instrument: wai_s_therapist, items: 't{n}'"),
        f"id,s,{_TWELVE.replace('w', 'c')},{_TWELVE.replace('w', 't')}\n1,1{',2' * 12}{',6' * 12}\n",
        (2, 2, 0, 0, 0),
        (" ".join(["2.0"] * 12), " ".join(["6.0"] * 12)),
    ),
    "provisional": Odd(
        exports(c="instrument: csrs_child, items: 'q{n}'"), _HEADER + "1,1,7,5,7,7\n", (1, 1, 0, 0, 0),
        ("7.0 5.0 7.0 7.0",),
    ),
    "skipping": Odd(
        srs("session: s, skip_rows: {Status: [test, '']}"),
        "id,s,Status,q1,q2,q3,q4\n1,1,test,1,1,1,1\n2,1, test ,1,1,1,1\n3,1,,1,1,1,1\n4,1,ok,1,1,1,1\n",
        (4, 1, 0, 0, 3),
        ("1.0 1.0 1.0 1.0",),
    ),
    "twice": Odd(
        srs(),
        _HEADER + "1,1,1,1,1,1\n1,1,1,1,1,2\n2,1,1,1,1,1\n2,1,1.0,1,1,1\n",
        (4, 1, 1, 2, 0),
        ("1.0 1.0 1.0 1.0",),
        status=_HELD,
    ),
    "dates": Odd(
        srs("date: s"),
        _HEADER + "1,2024-03-05T23:30:00,1,1,1,1\n2,20240305,1,1,1,1\n3,05/03/2024,1,1,1,1\n4,45356,1,1,1,1\n",
        (4, 2, 0, 2, 0),
        ("1.0 1.0 1.0 1.0",) * 2,
        ("B4", "B5"),
        _HELD,
    ),
    "long": Odd(  # blank, declared and absent items; an answer that holds its form; a blank line
        srs("session: s, layout: {item: item, value: v}, missing: {-9: refused}").replace("'q{n}'", "'{n}'"),
        "id,s,item,v\n1,1,1,5\n1,1,2,\n1,1,3,-9\n2,1,1,11\n2,1,2,5\n,,,\n",
        (6, 3, 0, 2, 1),
        ("5.0 blank refused blank",),
        ("D5",),
        _HELD,
    ),
    "own_range": Odd(  # a site that codes from 0 and sends its own sums of that
        exports(w="instrument: wai_sr_client, scores: {total: t, goal: g}, response: {min: 0, max: 4}"),
        "id,s,t,g\n1,1,24,8\n2,1,50,8\n",
        (2, 1, 0, 1, 0),
        (" ".join(["scores_only"] * 12),),
        ("C3",),
        _HELD,
    ),
    "thousand": Odd(
        exports(w="instrument: thousand_marks, items: 'q{n}'"),
        "id,s,q1,q2\n1,1,900,0\n",
        (1, 1, 0, 0, 0),
        ("900.0 0.0",),
        extra={
            "instruments/thousand_marks.yaml": "id: thousand_marks\nfamily: X\nname: \"A line of 1000 'marks'\"\n"
            "status: built_in\nrater_roles: [client]\nn_items: 2\nresponse: {min: 0, max: 1000, step: 1}\n"
            'reversed_items: [2]\nscales:\n  \'Größe "q"\': {items: [2]}\n  total: {items: [1, 2]}\n'
            "mapping:\n  - {component: overall, scales: [total], grade: B}\n"
        },
    ),
}  # fmt: skip

STUDY = "study: odd\ntimezone: Europe/Berlin\nsettle_seconds: 0\nscoring: {min_answered: 0.75}\nsites:\n"


def files() -> dict[str, str | bytes]:
    """The study's folder; one more site has no folder at all."""
    parts = [f"  {name}:\n{odd.exports}\n" for name, odd in SITES.items()]
    written: dict[str, str | bytes] = {"study.yaml": STUDY + "".join(parts) + f"  nowhere:\n{srs()}\n"}
    for name, odd in SITES.items():
        written |= {f"drops/{name}/a.csv": odd.content, **odd.extra}
    return written
