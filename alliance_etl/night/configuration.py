"""The hashes of what a night is run by: study.yaml, the instruments and the crosswalks."""

import hashlib

from alliance_etl.instruments.registry import Registry
from alliance_etl.study.model import Study


def configuration_of(study: Study, registry: Registry) -> str:
    """SHA-256 of study.yaml's bytes, of every instrument and of the crosswalks that study.yaml names."""
    digest = hashlib.sha256(study.path.read_bytes())
    for instrument in registry:
        digest.update(registry.fingerprint(instrument).encode())
    for crosswalk in crosswalk_hashes(study).values():
        digest.update(crosswalk.encode())
    return digest.hexdigest()


def crosswalk_hashes(study: Study) -> dict[str, str]:
    """By name in study.yaml the SHA-256 of each crosswalk's file, of nothing where it is not there."""
    files = {name: study.folder / name for name in study.crosswalks}
    return {
        name: hashlib.sha256(file.read_bytes() if file.is_file() else b"").hexdigest() for name, file in files.items()
    }


def registry_hash(registry: Registry) -> str:
    """SHA-256 of every instrument."""
    return hashlib.sha256("".join(registry.fingerprint(instrument) for instrument in registry).encode()).hexdigest()
