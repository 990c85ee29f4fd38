"""Values that tell who somebody is: patterns, and the check digits that make a number of a registry known.

A column is of a kind where most of its sampled values are. Check digits: AHV/AVS by EAN-13, IBAN by ISO 7064 mod 97-10,
NHS number by mod 11, BSN by its eleven test, personnummer by Luhn, PESEL and NIR by their published weights.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

_MOST = 0.6
_FEWEST = 2
_YEARS_AGO = 10  # the latest birth date of somebody who answers, and no session's date for long
_SPREAD_YEARS = 5

_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[a-zA-Z]{2,}")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")
_IPV6 = re.compile(r"(?=.*:.*:)(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}")
_TIME = re.compile(r"\d{1,2}:\d{2}:\d{2}")
_PHONE = re.compile(r"(?:\+|00)[1-9][\d ()/.-]{6,18}\d|\(?0\d{1,5}\)?[ /-][\d /-]{4,14}\d")
_FISCAL = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]")
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_HETU = re.compile(r"[0-3]\d[01]\d\d\d[-+A-FU-Y]\d{3}([0-9A-FHJ-NPR-Y])")
_MOST_WORDS = 4
_BETWEEN = str.maketrans("", "", "-'’.")
_REPEATED = 8  # labels repeat more often than a person has rows in the sample
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d.%m.%y")


def kind_of_values(values: Sequence[str], received: date) -> str | None:
    """What most of the values are, in words; None where they are nothing that identifies."""
    bare = _bare(values)
    # Answers and codes, nearly every column of a file: nothing below is so short.
    if len(bare) < _FEWEST or max(map(len, bare)) < 7:
        return None
    for words, test in _TESTS.items():
        if _mostly(bare, test):
            return words
    if len(bare) * _REPEATED >= sum(map(bool, values)) and _mostly(bare, _is_full_name):
        return "family and first names"
    return "birth dates" if _are_birth_dates(bare, received) else None


def names_people(values: Sequence[str]) -> str | None:
    """Of values that should be made-up ids: whether they are e-mail addresses or family and first names, in words."""
    bare = _bare(values)
    if _mostly(bare, _is_email):
        return "e-mail addresses in it"
    return "family and first names in it" if _mostly(bare, _is_full_name) else None


def reaches_somebody(text: str) -> bool:
    """Whether a text holds an e-mail address or a telephone number."""
    return bool(_EMAIL.search(text)) or any(_is_phone(found[0].strip()) for found in _PHONE.finditer(text))


def _bare(values: Sequence[str]) -> list[str]:
    return list({value.strip() for value in values if value and value.strip()})


def _mostly(values: Sequence[str], test: Callable[[str], bool]) -> bool:
    return bool(values) and sum(map(test, values)) >= _MOST * len(values)


def _is_email(value: str) -> bool:
    return _EMAIL.fullmatch(value) is not None


def _is_full_name(value: str) -> bool:
    """`Family, First`: a few words of letters on either side of a comma, each side a name by its capital letter."""
    family, comma, first = (part.split() for part in value.partition(","))
    if not comma or not family or not first or max(len(family), len(first)) > _MOST_WORDS:
        return False
    letters = (word.translate(_BETWEEN) for word in (*family, *first))
    return all(map(str.isalpha, letters)) and family[-1][0].isupper() and first[0][0].isupper()


def _is_ip(value: str) -> bool:
    if _TIME.fullmatch(value):
        return False
    return bool(_IPV4.fullmatch(value) or _IPV6.fullmatch(value))


def _is_phone(value: str) -> bool:
    return _PHONE.fullmatch(value) is not None and 7 <= len(_digits(value)) <= 15 and _day(value) is None


def _is_iban(value: str) -> bool:
    bare = value.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", bare):
        return False
    return int("".join(str(int(letter, 36)) for letter in bare[4:] + bare[:4])) % 97 == 1


def _is_ahv(value: str) -> bool:
    digits = _digits(value)
    if not re.fullmatch(r"756[\d.]{10,13}", value) or len(digits) != 13:
        return False
    return _weighted(digits, (1, 3) * 7) % 10 == 0


def _is_nhs(value: str) -> bool:
    """As it is mostly written, in groups; ten digits in a row are also a telephone's or a record's."""
    digits = _digits(value)
    if not re.fullmatch(r"\d{3}[ -]\d{3}[ -]\d{4}", value):
        return False
    return _weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _is_personnummer(value: str) -> bool:
    digits = _digits(value)
    if not re.fullmatch(r"(?:\d{2})?\d{2}[01]\d[0-9]\d[-+]\d{4}", value):
        return False
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits[-10:]))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _is_cpr(value: str) -> bool:
    return re.fullmatch(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}-\d{4}", value) is not None


def _is_hetu(value: str) -> bool:
    match = _HETU.fullmatch(value.upper())
    return bool(match) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(_digits(value)[:9]) % 31] == value[-1].upper()


def _is_pesel(value: str) -> bool:
    if not re.fullmatch(r"\d{11}", value) or not 1 <= int(value[2:4]) % 20 <= 12 or not 1 <= int(value[4:6]) <= 31:
        return False
    return _weighted(value, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _is_norwegian(value: str) -> bool:
    if not re.fullmatch(r"[0-3]\d[01]\d{3} ?\d{5}", value):
        return False
    digits = _digits(value)
    return (
        _weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and _weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def _is_nir(value: str) -> bool:
    bare = value.replace(" ", "")
    return bool(re.fullmatch(r"[12]\d{2}(?:0[1-9]|1[0-2])\d{10}", bare)) and 97 - int(bare[:13]) % 97 == int(bare[13:])


def _is_dni(value: str) -> bool:
    match = re.fullmatch(r"([XYZ]?)(\d{7,8})-?([A-Z])", value.upper())
    if not match or len(match[1] + match[2]) != 8:
        return False
    number = int({"": "", "X": "0", "Y": "1", "Z": "2"}[match[1]] + match[2])
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == match[3]


def _is_fiscal(value: str) -> bool:
    return _FISCAL.fullmatch(value.upper()) is not None


def _is_ssn(value: str) -> bool:
    return _SSN.fullmatch(value) is not None


def _is_kvnr(value: str) -> bool:
    """The German insured person's number: a letter, eight digits and a check digit (Luhn over the letter's two)."""
    if not re.fullmatch(r"[A-Z]\d{9}", value):
        return False
    digits = f"{ord(value[0]) - 64:02d}{value[1:9]}"
    products = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(value[-1])


_TESTS: dict[str, Callable[[str], bool]] = {
    "e-mail addresses": _is_email,
    "network addresses": _is_ip,
    "bank accounts": _is_iban,
    "AHV numbers": _is_ahv,
    "NHS numbers": _is_nhs,
    "insurance numbers": _is_kvnr,
    "personal numbers": lambda value: any(
        test(value)
        for test in (_is_personnummer, _is_cpr, _is_hetu, _is_pesel, _is_norwegian, _is_nir, _is_dni, _is_fiscal)
    ),
    "social security numbers": _is_ssn,
    "telephone numbers": _is_phone,
}


def _are_birth_dates(values: Sequence[str], received: date) -> bool:
    """Dates that all lie long before the file came, years apart: sessions of a study lie close together."""
    days = [day for day in map(_day, values) if day]
    if len(days) < max(_FEWEST + 1, _MOST * len(values)):
        return False
    years = sorted(day.year for day in days)
    return years[0] >= 1900 and years[-1] <= received.year - _YEARS_AGO and years[-1] - years[0] >= _SPREAD_YEARS


def _day(value: str) -> date | None:
    for written in _DATES:
        try:
            return datetime.strptime(value, written).date()
        except ValueError:
            continue
    return None


def _digits(value: str) -> str:
    return "".join(filter(str.isdigit, value))


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
