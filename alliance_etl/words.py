"""Words that messages about what people wrote share: the nearest name, a value as it was found."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that begins like this one, or is spelled most like it, case ignored; None where none is close."""
    by_lower = {each.casefold(): each for each in known}
    longer = [each for lower, each in by_lower.items() if len(name) > 2 and lower.startswith(name.casefold())]
    if longer:
        return longer[0]
    close = get_close_matches(name.casefold(), by_lower, n=1, cutoff=0.55)
    return by_lower[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, else `; expected one of …`."""
    known = list(known)
    close = nearest(name, known)
    if close:
        return f'; did you mean "{close}"?'
    return f"; expected one of {listed(found(each) for each in known)}"


def listed(names: Iterable[object]) -> str:
    """Names with commas between."""
    return ", ".join(str(name) for name in names)


def found(value: object) -> str:
    """What stands there instead: a text in quotes, else its kind."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "keys below it"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"'
