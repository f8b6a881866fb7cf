"""TLS settings of a target: trusted CAs and client certificates."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_CURL = {"ca_file": "--cacert", "cert_file": "--cert", "key_file": "--key"}
_FILES = tuple(_CURL)


def context_of(
    options: Mapping[str, Any], resolve: Callable[[str], Path], *, shows: bool = True
) -> ssl.SSLContext | None:
    """Create the SSL context for `insecure`, `ca_file`, `cert_file`, `key_file` and `key_password`.

    Returns `None` if none of them is set; with `shows` false, omits the client certificate. Raises
    `ValueError` with the option and the file at fault.
    """
    files = {name: resolve(options[name]) for name in _FILES if name in options}
    for name, path in files.items():
        if not path.is_file():
            raise ValueError(f"{name}: no such file: {path}")
    if "key_file" in files and "cert_file" not in files:
        raise ValueError("key_file: also set cert_file to its certificate")
    if not (files or options.get("insecure")):
        return None
    context = _trusting(files.get("ca_file"))
    if options.get("insecure"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if shows and "cert_file" in files:
        _show(context, files["cert_file"], files.get("key_file"), options.get("key_password", ""))
    return context


def curl_options(table: Mapping[str, Any], beside: Callable[[str], Path]) -> tuple[str, ...]:
    """The same for curl, which asks for a password at the terminal."""
    options = ["--insecure"] if table.get("insecure") else []
    for name, option in _CURL.items():
        if name in table:
            options += [option, str(beside(table[name]))]
    return tuple(options)


def _trusting(trusted: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(trusted) if trusted else None)
    except ssl.SSLError as error:
        raise ValueError(f"ca_file: {trusted} has no certificate in PEM form") from error


def _show(context: ssl.SSLContext, shown: Path, key: Path | None, password: str) -> None:
    """Load a client certificate to send to servers that request one."""
    try:
        # Without a password OpenSSL would prompt for one on the terminal.
        context.load_cert_chain(shown, key, password=password)
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            raise ValueError(f"key_file: {key or shown} is not the key of {shown}") from error
        if "ENCRYPTED" in (key or shown).read_text(encoding="latin-1"):
            problem = "does not decrypt" if password else "is needed for"
            raise ValueError(f"key_password: it {problem} {key or shown}") from error
        missing = "" if key else ", or its key is in another file: set key_file to it"
        both = f"{shown} and {key}" if key else str(shown)
        raise ValueError(
            f"cert_file: {both}: no certificate and key in PEM form{missing}"
        ) from error
