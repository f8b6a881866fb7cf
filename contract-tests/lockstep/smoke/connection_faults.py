"""Explains why a connection to a target fails, and how to fix it, in a sentence."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Sequence

from lockstep.transport.messages import NoResponse, Outcome, Request, Response
from lockstep.transport.targets import Target

_HINTS = {
    "refused": "nothing listens there: is it running, and is the port correct?",
    "unknown_host": "no such host: is its name correct?",
    "timeout": "no response within {timeout:g} s: is it busy, or is --timeout too short?",
    "dropped": "it closes the connection without a response: is it running, and is the port "
    "correct?",
    "too_large": "{detail}: is the address correct?",
    "malformed": "its response is not HTTP/1.1 ({detail}): does the port speak another protocol?",
}
_CLIENT = "--cert FILE --key FILE, or cert_file and key_file in lockstep.toml"
# Certificate errors of OpenSSL, and how to fix them.
_CERTIFICATES = (
    (
        r"mismatch|doesn't match|not valid for",
        "its certificate is for another name: use that name in the URL, or --insecure",
    ),
    (r"expired", "its certificate has expired: renew it, or use --insecure"),
    (
        r"CERTIFICATE_VERIFY_FAILED",
        "its certificate is not signed by a trusted CA: add the CA with --ca-file FILE, or "
        "ca_file in lockstep.toml, or use --insecure",
    ),
)
_IS_HTTP = re.compile(r"WRONG_VERSION_NUMBER|HTTP_REQUEST|RECORD_LAYER_FAILURE|PACKET_LENGTH", re.I)
_ALERT = re.compile(r"ALERT|HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED", re.IGNORECASE)
# Responses of nginx, Apache, Go and Jetty to plain HTTP on an HTTPS port.
_IS_HTTPS = re.compile(
    rb"plain HTTP request was sent to HTTPS|plain HTTP to an SSL|HTTP request to an HTTPS"
    rb"|requires TLS|use the HTTPS scheme",
    re.IGNORECASE,
)
_SECONDS = 3.0


def connection_fault(target: Target, failure: NoResponse) -> str:
    """Explain why there was no response."""
    if target.tls is not None and failure.reason in ("tls", "dropped"):
        return f"{failure.reason}: {_tls_fault(target, failure)}"
    if failure.reason in ("dropped", "malformed") and _speaks_tls(target):
        return f"{failure.reason}: {_other_scheme(target)}"
    hint = _HINTS.get(failure.reason, "{detail}")
    # The message of a server with another protocol may span lines.
    detail = " ".join(failure.detail.split())
    return f"{failure.reason}: " + hint.format(timeout=target.timeout, detail=detail)


def scheme_fault(target: Target, answers: Sequence[Response]) -> str:
    """Return the fix if every response says that the server requires HTTPS, otherwise empty."""
    wants = [answer.status == 400 and _IS_HTTPS.search(answer.body) for answer in answers]
    return _other_scheme(target) if target.tls is None and all(wants) else ""


def _other_scheme(target: Target) -> str:
    scheme, _, rest = target.base_url.partition("://")
    other = "https" if scheme == "http" else "http"
    return f"it speaks {other} there: use {other}://{rest}"


def _tls_fault(target: Target, failure: NoResponse) -> str:
    detail = failure.detail
    if failure.reason == "tls":
        for pattern, hint in _CERTIFICATES:
            if re.search(pattern, detail, re.IGNORECASE) and "VERIFY" in detail.upper():
                return f"TLS handshake failed: {hint}"
    if _IS_HTTP.search(detail) or _answers_plainly(target):
        return _other_scheme(target)
    if failure.reason == "dropped" and not _ALERT.search(detail) and not _asks(target):
        return _HINTS["dropped"]
    if target.without_certificate() is not None:
        return "it rejects the client certificate: is it signed by the right CA?"
    return f"it requires a client certificate: give {_CLIENT}"


def _asks(target: Target) -> bool:
    """Whether a server completes the handshake, then disconnects clients without a certificate."""
    return target.tls is not None and _speaks_tls(target)


def _speaks_tls(target: Target) -> bool:
    """Whether a server completes a TLS handshake, or at least sends a TLS alert."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(target.address, timeout=_SECONDS) as sock,
            context.wrap_socket(sock, server_hostname=target.address[0]),
        ):
            return True
    except ssl.SSLError as error:
        return _ALERT.search(str(error)) is not None
    except OSError:
        return False


def _answers_plainly(target: Target) -> bool:
    """Whether a server that is expected to use HTTPS responds to plain HTTP."""
    host, port = target.address
    shown = f"[{host}]" if ":" in host else host
    plain = Target(target.name, f"http://{shown}:{port}", timeout=min(_SECONDS, target.timeout))
    outcome: Outcome = plain.send(Request("GET", "/"))
    plain.close()
    return isinstance(outcome, Response) and not scheme_fault(plain, [outcome])
