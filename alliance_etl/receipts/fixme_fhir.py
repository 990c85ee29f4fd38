"""The fixme file of a site that sends FHIR: the held resources as they came, each with an extension that says why.

An extension is the place that FHIR keeps for such a thing: servers and editors hand it on. A line of NDJSON that is no
JSON stands below an OperationOutcome that says so. Dropped back, the file is understood by the extension.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alliance_etl.reading.fhir import FhirFile
from alliance_etl.reading.fhir_entries import COMMENT, Entry
from alliance_etl.reading.json_text import elements, end_of, members


def write_fixme_fhir(opened: FhirFile, target: Path, exports: Sequence[str], said: Mapping[int, str]) -> None:
    """Write the resources that `said` has a comment for, as NDJSON, a Bundle, an array or one resource."""
    held = ((entry, _comment(exports, said[number])) for number, entry in opened.numbered() if number in said)
    in_bundle = opened.shape == "bundle"
    texts = (text for entry, comment in held for text in _commented(entry, comment, in_bundle=in_bundle))
    # what did not decode goes back as it came, and half a letter as the escape that it was
    errors = "surrogateescape" if opened.encoding == "utf-8" else "backslashreplace"
    before, between, after = _around(opened)
    with target.open("w", encoding=opened.encoding, errors=errors, newline="\n") as file:
        file.write(before)
        for number, text in enumerate(texts):
            file.write(between * (number > 0) + text)
        file.write(after)


def _around(opened: FhirFile) -> tuple[str, str, str]:
    """What stands before, between and after the resources."""
    if opened.shape == "array":
        return "[\n", ",\n", "\n]\n"
    if opened.shape == "bundle":
        kind = json.dumps(opened.bundle_type)
        return f'{{"resourceType": "Bundle", "type": {kind}, "entry": [\n', ",\n", "\n]}\n"
    return "", "\n", "\n"


def _comment(exports: Sequence[str], text: str) -> str:
    parts = [{"url": "exports", "valueString": " ".join(exports)}, {"url": "comment", "valueString": text}]
    return json.dumps({"url": COMMENT, "extension": parts}, ensure_ascii=False)


def _commented(entry: Entry, comment: str, *, in_bundle: bool) -> Iterator[str]:
    """The entry with the comment in its resource, less an earlier one; else the comment, and the entry as it came."""
    text = entry.text
    at = _value_of(text, 0, "resource") if in_bundle else 0
    if entry.resource is None or at is None:
        yield _outcome(comment, in_bundle=in_bundle)
        yield text
        return
    extension = _value_of(text, at, "extension")
    if extension is None:
        yield f'{text[: at + 1]}"extension": [{comment}], {text[at + 1 :]}'
        return
    others = [text[start:end] for start, end, told in elements(text, extension) if not _is_comment(told)]
    yield f"{text[:extension]}[{', '.join([comment, *others])}]{text[end_of(text, extension) :]}"


def _value_of(text: str, at: int, name: str) -> int | None:
    """Where the value of that key begins, in the object that begins at `at`."""
    if not text.startswith("{", at):
        return None
    return next((start for key, start, _ in members(text, at) if key == name), None)


def _is_comment(extension: Any) -> bool:
    return isinstance(extension, dict) and extension.get("url") == COMMENT


def _outcome(comment: str, *, in_bundle: bool) -> str:
    reason = '[{"severity": "error", "code": "invalid", "diagnostics": "What follows could not be read."}]'
    text = f'{{"resourceType": "OperationOutcome", "extension": [{comment}], "issue": {reason}}}'
    return f'{{"resource": {text}}}' if in_bundle else text
