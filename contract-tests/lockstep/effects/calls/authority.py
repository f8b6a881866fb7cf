"""A local certificate authority, so that calls over HTTPS can be read."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path


class AuthorityError(Exception):
    """The certificate authority can be neither read nor created; the message is the reason."""


class Authority:
    """A certificate authority that issues a certificate for any host."""

    def __init__(self, file: Path) -> None:
        """Load the certificate from `file` and the key beside it, or create both.

        The key is in the file of the same name with the suffix `.key`, with mode 0600. Raises
        `AuthorityError`.
        """
        try:
            import trustme
        except ImportError as error:
            raise AuthorityError("HTTPS needs pip install 'lockstep-http[effects]'") from error
        key = file.with_suffix(".key")
        try:
            if file.exists() != key.exists():
                there, missing = (file, key) if file.exists() else (key, file)
                raise AuthorityError(f"{there} exists without {missing.name}: remove it")
            if file.exists():
                self._ca = trustme.CA.from_pem(file.read_bytes(), key.read_bytes())
            else:
                self._ca = trustme.CA(organization_name="lockstep")
                key.touch(mode=0o600)
                key.write_bytes(self._ca.private_key_pem.bytes())
                file.write_bytes(self._ca.cert_pem.bytes())
        except (OSError, ValueError) as error:
            raise AuthorityError(f"{file}: {error}") from error
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def context(self, host: str) -> ssl.SSLContext:
        """Return the TLS server context with a certificate for `host`."""
        with self._lock:
            if host not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._ca.issue_cert(host).configure_cert(context)
                context.set_alpn_protocols(["http/1.1"])
                self._contexts[host] = context
            return self._contexts[host]
