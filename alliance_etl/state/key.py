"""The study's key: behind every pseudonym, and the root of the archive's key."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alliance_etl.errors import ConfigurationError
from alliance_etl.state.layout import written_whole
from alliance_etl.state.ledger import Ledger

ENVIRONMENT = "ALLIANCE_ETL_KEY"


def study_key(path: Path) -> bytes:
    """$ALLIANCE_ETL_KEY (UTF-8 bytes), else the contents of the key file, which the first run makes (mode 0600)."""
    from_environment = os.environ.get(ENVIRONMENT)
    if from_environment:
        return from_environment.encode()
    if not path.exists():
        with written_whole(path) as draft:
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            draft.chmod(0o600)
    return path.read_bytes()


def archive_key(key: bytes) -> bytes:
    """The 256-bit key of the archive: HKDF-SHA256 of the study's key (RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"alliance-etl archive 1").derive(key)


def key_check(key: bytes) -> str:
    """A public mark of the key, kept in the ledger: a run with another key would make strangers of all participants."""
    return HKDF(algorithm=hashes.SHA256(), length=8, salt=None, info=b"alliance-etl key check").derive(key).hex()


def same_key(ledger: Ledger, key: bytes) -> bytes:
    """The key, if it is the one that the study began with; ConfigurationError where it is another."""
    known = ledger.meta("key_check")
    if known is None:
        with ledger.transaction():
            ledger.set_meta("key_check", key_check(key))
    elif known != key_check(key):
        raise ConfigurationError(
            "$ALLIANCE_ETL_KEY (or .state/key) is not the key that this study began with; with another one every "
            "participant would become a stranger. Restore the key"
        )
    return key
