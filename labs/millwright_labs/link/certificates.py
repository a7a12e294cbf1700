"""Who may talk to whom: certificates, trust and the password, as files in one folder.

```
server.der  server-key.pem    of a plant that is served here
client.der  client-key.pem    of notebooks that connect from here
trusted/                      certificates of others: clients that may connect, servers that we know
password                      of the plants that are served here
```

Keys and password are readable by their owner alone. Whoever shares the folder (one person on one
computer) needs nothing else. Between computers, certificates are exchanged: each side puts the
other's into its `trusted`. Nothing is trusted because it asks.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
import socket
from pathlib import Path

from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from millwright_labs.errors import TrustError

#: Ten years: a plant at a school outlives the teacher's attention.
DAYS = 3650

USE = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


def default_folder() -> Path:
    """Return the folder of this account: `MILLWRIGHT_KEYS`, or `.millwright` at home."""
    return Path(os.environ.get("MILLWRIGHT_KEYS") or Path.home() / ".millwright")


class Keys:
    """The folder, made and filled where something is missing.

    Parameters
    ----------
    folder : path, optional
        Default: `default_folder()`.

    Raises
    ------
    TrustError
        The folder cannot be written.
    """

    def __init__(self, folder: str | Path | None = None):
        self.folder = Path(folder) if folder else default_folder()
        self.trusted = self.folder / "trusted"
        try:
            self.trusted.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            for name in USE:
                if not (self.certificate(name).exists() and self.key(name).exists()):
                    self._make(name)
        except OSError as error:
            raise TrustError(
                f"{self.folder} cannot hold keys: {error.strerror}. Name another folder with "
                "--folder or MILLWRIGHT_KEYS."
            ) from None

    def certificate(self, name: str) -> Path:
        """Return the file of the certificate of `server` or `client`."""
        return self.folder / f"{name}.der"

    def key(self, name: str) -> Path:
        """Return the file of its private key."""
        return self.folder / f"{name}-key.pem"

    def uri(self, name: str) -> str:
        """Return the application URI that the certificate was made for."""
        names = read_certificate(self.certificate(name)).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        return str(names.value.get_values_for_type(x509.UniformResourceIdentifier)[0])

    @property
    def password(self) -> str:
        """The password of the plants that are served here, made when first asked for."""
        path = self.folder / "password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(12).encode() + b"\n")
        return read_password(path)

    def trust(self, path: str | Path) -> str:
        """Put a certificate into `trusted`; return its fingerprint.

        Raises
        ------
        TrustError
            No such file, or no certificate.
        """
        content = read_certificate(Path(path)).public_bytes(Encoding.DER)
        mark = fingerprint(content)
        (self.trusted / f"{mark.replace(':', '')}.der").write_bytes(content)
        return mark

    def trusts(self, certificate: bytes | None, own: str) -> bool:
        """Say whether a certificate (DER) is in `trusted` or our own `own`, and valid today."""
        if not certificate:
            return False
        for path in (self.certificate(own), *self.trusted.iterdir()):
            try:
                known = read_certificate(path)
            except TrustError:
                continue
            now = dt.datetime.now(dt.UTC)
            if known.public_bytes(Encoding.DER) == certificate:
                return known.not_valid_before_utc <= now <= known.not_valid_after_utc
        return False

    def _make(self, name: str) -> None:
        host = socket.gethostname()
        key = generate_private_key()
        certificate = generate_self_signed_app_certificate(
            key,
            f"Millwright {name} at {host}",
            {},
            [
                x509.UniformResourceIdentifier(f"urn:{host}:millwright:{name}"),
                x509.DNSName(host),
                x509.DNSName("localhost"),
            ],
            [USE[name]],
            DAYS,
        )
        write_private(self.key(name), dump_private_key_as_pem(key))
        self.certificate(name).write_bytes(certificate.public_bytes(Encoding.DER))


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from the first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def read_password(path: str | Path) -> str:
    """Read a password file.

    Raises
    ------
    TrustError
        It cannot be read, or is empty.
    """
    try:
        password = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        password = ""
    if not password:
        raise TrustError(f"{path} holds no password that can be read. Write one into it.")
    return password


def read_certificate(path: Path) -> x509.Certificate:
    """Read a certificate, DER or PEM.

    Raises
    ------
    TrustError
        No such file, or no certificate.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrustError(f"{path} cannot be read: {error.strerror}. Check the name.") from None
    try:
        if content.startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError:
        raise TrustError(f"{path} is no certificate. Take the other side's .der file.") from None


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a certificate (DER), for two people to compare."""
    return hashlib.sha256(certificate).digest().hex(":").upper()
