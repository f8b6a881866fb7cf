"""A TLS proxy for PostgreSQL, whose embedded build has no TLS; OpenSSL creates the certificates."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DAYS = "2"
_CHUNK = 65536
# The SSLRequest message of a client: the length, and a code instead of the version.
_SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)


def make_authority(folder: Path, name: str) -> Path:
    """Create a certificate authority; return its certificate, next to which is `NAME.key`."""
    _openssl(folder, *_request(name), "-x509", "-days", _DAYS, "-out", f"{name}.pem")
    return folder / f"{name}.pem"


def make_certificate(authority: Path, name: str, *names: str) -> Path:
    """Create a server certificate for names such as `DNS:localhost` or `IP:127.0.0.1`."""
    folder = authority.parent
    _openssl(folder, *_request(name), "-out", f"{name}.csr")
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={','.join(names)}", encoding="ascii")
    by = ("-CA", authority.name, "-CAkey", f"{authority.stem}.key", "-CAcreateserial")
    signed = ("-in", f"{name}.csr", "-days", _DAYS, "-out", f"{name}.pem")
    _openssl(folder, "x509", "-req", *signed, *by, "-extfile", extensions.name)
    return folder / f"{name}.pem"


@contextmanager
def tls_relay(host: str, port: int, certificate: Path) -> Iterator[int]:
    """Yield a port on which a PostgreSQL server is available through TLS only.

    certificate: sent to clients; its key is in the same folder.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            # Clients that do not trust the certificate disconnect during the handshake.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                if await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST:
                    writer.write(b"S")
                    await writer.start_tls(context)
                    upstream, upstream_writer = await asyncio.open_connection(host, port)
                    writers.append(upstream_writer)
                    await asyncio.gather(_pump(reader, upstream_writer), _pump(upstream, writer))
        finally:
            for each in writers:
                each.transport.abort()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(relay, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def has_openssl() -> bool:
    """Whether certificates can be created here."""
    return shutil.which("openssl") is not None


def _request(name: str) -> list[str]:
    named = ("-subj", f"/CN={name}", "-keyout", f"{name}.key")
    return ["req", "-newkey", "rsa:2048", "-nodes", *named]


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
