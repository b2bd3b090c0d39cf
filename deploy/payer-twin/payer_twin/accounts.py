"""Who may come in by SFTP and CORE, and as which submitter."""

import hmac

import asyncssh
from asyncssh import SSHKey
from pydantic import SecretStr

from payer_twin.settings import TwinSettings


def knows_password(settings: TwinSettings, user: str, password: str) -> bool:
    """The account's password or bearer token, or the shared token under any name. A twin without
    any credentials is open, as its REST door is."""
    account = settings.accounts.get(user)
    own = [account.password if account else None, settings.partners.get(user)]
    return speaks_for_all(settings, password) or any(_is(secret, password) for secret in own)


def speaks_for_all(settings: TwinSettings, password: str) -> bool:
    """The shared token names whom it speaks for by itself."""
    if settings.token is None and not settings.partners and not settings.accounts:
        return True
    return _is(settings.token, password)


def _is(secret: SecretStr | None, given: str) -> bool:
    return secret is not None and hmac.compare_digest(
        given.encode(), secret.get_secret_value().encode()
    )


def knows_key(settings: TwinSettings, user: str, key: SSHKey) -> bool:
    """The account's public key."""
    account = settings.accounts.get(user)
    if account is None or account.public_key is None:
        return False
    return asyncssh.import_public_key(account.public_key).public_data == key.public_data
