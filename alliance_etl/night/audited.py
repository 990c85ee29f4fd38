"""What the steps of a night enter in the audit trail: a changed configuration, and what became of drops.

Of study.yaml only names of keys are told. Whether a value changed is seen by a keyed hash of it, which tells nothing.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from alliance_etl.instruments.registry import Registry
from alliance_etl.night.configuration import configuration_of, crosswalk_hashes, registry_hash
from alliance_etl.state.audit import Actor, Rules
from alliance_etl.state.audit_rows import Action
from alliance_etl.state.entries import Drop
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study
from alliance_etl.study.source import read_document

_KNOWN = "audited configuration"
_TAKEN_IN: dict[str, Action] = {"rejected": "drop_rejected", "duplicate": "drop_duplicate"}
# below a key of an export stand texts of clinics: labels, codes, columns
_DEPTH = {"sites": 5, "scoring": 2, "alerts": 2}


def keep_trail(ledger: Ledger, study: Study, registry: Registry, key: bytes, actor: Actor) -> None:
    """Say who is at work and by which rules; begin the trail, and tell where the rules are others than before."""
    trail = ledger.trail
    trail.actor = actor
    trail.rules = Rules(configuration_of(study, registry), registry_hash(registry))
    known = json.loads(ledger.meta(_KNOWN) or "{}")
    if known.get("configuration") == trail.rules.configuration and trail.head()[0]:
        return
    there = _keys(study, key)
    instruments = {name: registry.fingerprint(name)[:16] for name in registry}
    with ledger.transaction():
        trail.begin()
        if known:
            keys = _changed(known["keys"], there)
            touched = _changed(known["instruments"], instruments)
            old = {"before": known["configuration"], "after": trail.rules.configuration}
            sites = _sites(study, keys, list(touched))
            trail.enter("configuration_changed", **old, keys=keys, instruments=touched, sites=sites)
        now = {"configuration": trail.rules.configuration, "keys": there, "instruments": instruments}
        ledger.set_meta(_KNOWN, json.dumps(now))


def tell_drops(
    ledger: Ledger, site: str, entered: Sequence[Drop], before: Mapping[int, Drop], *, because: str | None
) -> None:
    """Enter what became of drops: each new one, and of those that were taken in anew the ones judged otherwise.

    `before` holds the drops that were there, by number; `because` says why they were taken in anew.
    """
    anew = [drop for drop in entered if drop.seq in before]
    if anew and because:
        action: Action = "site_rebuilt" if because == "rebuild" else "site_taken_in_anew"
        otherwise = [drop for drop in anew if _fate(drop) != _fate(before[drop.seq])]
        ledger.trail.enter(action, site=site, drops=len(anew), judged_otherwise=len(otherwise), because=because)
        for drop in otherwise:
            was, now = _fate(before[drop.seq]), _fate(drop)
            ledger.trail.enter(
                "drop_judged_anew", site=site, drop_id=drop.drop_id, file=drop.file, before=was, after=now
            )
    for drop in entered:
        if drop.seq not in before:
            action, confirms = _TAKEN_IN.get(drop.status, "drop_taken_in"), len(drop.answers or ())
            ledger.trail.enter(
                action, site=site, drop_id=drop.drop_id, file=drop.file, confirms=confirms, **_fate(drop)
            )
            for answer in drop.answers or ():
                ledger.trail.enter(
                    "confirmation", site=site, drop_id=drop.drop_id, about=answer.alert_id, line=answer.line
                )


def _fate(drop: Drop) -> dict[str, Any]:
    return {"status": drop.status, **asdict(drop.counts)}


def _keys(study: Study, key: bytes) -> dict[str, str]:
    """The keys of study.yaml, joined by dots, and the crosswalks that it names, each with a keyed hash of its value."""
    crosswalks = {f"crosswalks.{name}": content for name, content in crosswalk_hashes(study).items()}
    flat = {**dict(_flat(read_document(study.path).data, ())), **crosswalks}
    return {name: _mark(value, key) for name, value in flat.items()}


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    deep = isinstance(value, dict) and value and (not path or len(path) < _DEPTH.get(path[0], 1))
    if not deep:
        yield ".".join(path), value
        return
    for name, part in value.items():
        yield from _flat(part, (*path, str(name)))


def _mark(value: Any, key: bytes) -> str:
    return hmac.digest(key, json.dumps(value, default=str).encode(), hashlib.sha256).hex()[:16]


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What came, went or changed, in order of name."""
    return {
        _as_whole(name, before if name not in before else after): "came"
        if name not in before
        else "went"
        if name not in after
        else "changed"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _as_whole(name: str, others: Mapping[str, str]) -> str:
    """The name, or of a site or export that came or went as a whole just that one's."""
    if name in others:
        return name
    parts = name.split(".")
    wholes = (".".join(parts[:length]) for length in range(1, len(parts)))
    return next((whole for whole in wholes if not any(f"{o}.".startswith(f"{whole}.") for o in others)), name)


def _sites(study: Study, keys: Mapping[str, str], instruments: Sequence[str]) -> list[str]:
    """The sites that a change touches: by a key of theirs, an instrument that they use, or by a key of the whole
    study.
    """
    touched = {name.split(".")[1] for name in keys if name.startswith("sites.")}
    for_all = any(name.partition(".")[0] in ("study", "timezone", "scoring", "alerts", "crosswalks") for name in keys)
    by_instrument = {
        name
        for name, site in study.sites.items()
        if any(export.instrument in instruments for export in site.exports.values())
    }
    return sorted(touched | by_instrument | (set(study.sites) if for_all else set()))
