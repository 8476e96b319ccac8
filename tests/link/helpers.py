"""Meshes over TCP in one process, and certificates."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from spuframe.link import LinkConfig, TLSConfig, listen
from spuframe.link.sockets import Address, join
from spuframe.link.stream_link import StreamLink
from spuframe.link.transports.tcp import Tcp, TcpEndpoint

SECRET = bytes(range(32))


def open_tcp(
    rank: int,
    addresses: Sequence[Address],
    secret: bytes,
    session_id: bytes,
    config: LinkConfig | None = None,
    *,
    listener: socket.socket | None = None,
    tls: TLSConfig | None = None,
    insecure_no_tls: bool = False,
) -> StreamLink:
    """Open one rank, which listens at its own address; the last rank's is not used."""
    if listener is None:
        listener = listen() if rank + 1 >= len(addresses) else listen(*addresses[rank])
    endpoint = TcpEndpoint(Tcp(tls, insecure_no_tls), listener)
    return endpoint.open(rank, [join(*a) for a in addresses], secret, session_id, config)


def mesh(world: int, tls: TLSConfig | None = None, **overrides: Any) -> list[StreamLink]:
    """Open all ranks of a mesh, each in a thread."""
    overrides.setdefault("deadline", 20.0)
    config = LinkConfig(**overrides)
    listeners = [listen() for _ in range(world)]
    addresses = [listener.getsockname()[:2] for listener in listeners]

    def open_rank(rank: int) -> StreamLink:
        return open_tcp(rank, addresses, SECRET, b"session", config, listener=listeners[rank], tls=tls)

    with ThreadPoolExecutor(world) as pool:
        return list(pool.map(open_rank, range(world)))


def certificates(folder: Path) -> TLSConfig:
    """Write an authority and a certificate for 127.0.0.1 that it signed."""
    now = dt.datetime.now(dt.UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test party")])

    def builder(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
        )

    ca = (
        builder(authority, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = builder(subject, key.public_key()).add_extension(names, critical=False).sign(authority_key, hashes.SHA256())
    folder.mkdir(parents=True, exist_ok=True)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "party.pem").write_bytes(leaf.public_bytes(pem))
    (folder / "party.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return TLSConfig(folder / "party.pem", folder / "party.key", folder / "ca.pem")
