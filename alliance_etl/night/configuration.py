"""The hashes of what a night is run by: study.yaml and the instruments."""

import hashlib

from alliance_etl.instruments.registry import Registry
from alliance_etl.study.model import Study


def configuration_of(study: Study, registry: Registry) -> str:
    """SHA-256 of study.yaml's bytes and of every instrument."""
    digest = hashlib.sha256(study.path.read_bytes())
    for instrument in registry:
        digest.update(registry.fingerprint(instrument).encode())
    return digest.hexdigest()


def registry_hash(registry: Registry) -> str:
    """SHA-256 of every instrument."""
    return hashlib.sha256("".join(registry.fingerprint(instrument) for instrument in registry).encode()).hexdigest()
