"""How a study's instrument file is laid over the built-in one of the same id."""

from typing import Any

from alliance_etl.instruments.files import YamlFile


def laid_over(built_in: YamlFile | None, study: YamlFile | None) -> dict[str, Any]:
    """The content that holds: the study's keys replace the built-in ones, mappings key by key, lists as a whole.

    A line of the mapping that waited for scales (`needs_key`) is estimated as soon as the study defines them all, and
    the warning of a provisional form ends when the study gives it another status.
    """
    content: dict[str, Any] = _merged(built_in.content if built_in else {}, study.content if study else {})
    if study and built_in and "mapping" not in study.content:
        content["mapping"] = _with_known_scales(content)
    if study and "warning" not in study.content and content.get("status") != "provisional":
        content.pop("warning", None)
    return content


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: _merged(base[key], value) if key in base else value for key, value in over.items()}


def _with_known_scales(content: dict[str, Any]) -> list[dict[str, Any]]:
    scales = content.get("scales")
    known = set(scales) if isinstance(scales, dict) else set()
    return [
        {key: value for key, value in line.items() if key != "needs_key"}
        if line.get("scales") and known.issuperset(line["scales"])
        else line
        for line in content.get("mapping", [])
    ]
