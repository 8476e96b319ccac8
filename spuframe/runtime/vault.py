"""Files in the private folder of a session, of use to no one else: all are encrypted under the session's key, which is nowhere written.

What is killed has no time to remove its files; after that nobody can read them, on whatever disk they lie.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import mmap
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgpack
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from cryptography.hazmat.primitives.ciphers import AEADEncryptionContext

KEY = 32
"""Bytes of a key."""
_NONCE = 12
_TAG = 16
_PIECE = 1 << 20
_EXTRA = 64


class DamagedError(Exception):
    """A file is not what was written under this name and this key."""


class Vault:
    """Writes and reads files that are encrypted and sealed (AES-GCM, a random nonce each): the nonce, a part in clear, the rest, the seal of all of it.

    Parameters
    ----------
    key : bytes
        32 of them; a file's name, and the part in clear, are bound to it by the seal.

    Examples
    --------
    >>> import tempfile
    >>> vault, path = Vault(bytes(32)), Path(tempfile.mkdtemp()) / "file"
    >>> with vault.create(path, "a name", b"mark") as out:
    ...     _ = out.write(b"a secret")
    >>> vault.clear(path, 4), tuple(map(bytes, vault.open(path, "a name", 4))), b"secret" in path.read_bytes()
    (b'mark', (b'mark', b'a secret'), False)
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY:
            raise ValueError(f"`key` must be {KEY} bytes, got {len(key)}.")
        self._key = algorithms.AES(key)
        self._names = hashlib.blake2b(b"file names", key=key).digest()

    def pseudonym(self, name: str) -> str:
        """A file's name that tells nothing of ``name``."""
        return hashlib.blake2b(name.encode(), key=self._names, digest_size=16).hexdigest()

    @contextlib.contextmanager
    def create(self, path: Path, name: str, clear: bytes = b"") -> Iterator[Writer]:
        """A new file in the place of another one, which appears whole or not at all."""
        draft = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb", buffering=0) as file:
                nonce = secrets.token_bytes(_NONCE)
                encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
                encryptor.authenticate_additional_data(_bound(name, clear))
                _write(file, nonce + clear)
                yield Writer(file, encryptor)
                encryptor.finalize()
                _write(file, encryptor.tag)
            draft.rename(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def clear(self, path: Path, size: int) -> bytes:
        """The part of a file that is in clear; not proven.

        Raises
        ------
        FileNotFoundError, DamagedError
        """
        with open(path, "rb", buffering=0) as file:
            head = file.read(_NONCE + size)
        if len(head) != _NONCE + size:
            raise DamagedError
        return head[_NONCE:]

    def open(self, path: Path, name: str, clear: int = 0) -> tuple[bytes, memoryview]:
        """The part in clear, and the rest in memory of this process alone, where it can be changed without harm; both are proven.

        The memory is that of an anonymous mapping, which does not count against a limit of data, as a mapped file does not.

        Raises
        ------
        FileNotFoundError, DamagedError
        """
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size - _NONCE - clear - _TAG
            if size < 0:
                raise DamagedError
            head = file.read(_NONCE + clear)
            decryptor = Cipher(self._key, modes.GCM(head[:_NONCE])).decryptor()
            decryptor.authenticate_additional_data(_bound(name, head[_NONCE:]))
            out = memoryview(mmap.mmap(-1, size + _EXTRA))
            piece, done = memoryview(bytearray(_PIECE)), 0
            while done < size:
                read = file.readinto(piece[: min(_PIECE, size - done)])
                if not read:
                    raise DamagedError
                done += decryptor.update_into(piece[:read], out[done:])
            tag = file.read(_TAG)
        try:
            decryptor.finalize_with_tag(tag)
        except (InvalidTag, ValueError):
            raise DamagedError from None
        return head[_NONCE:], out[:size]


def _bound(name: str, clear: bytes) -> bytes:
    """What the seal covers beside the file's content."""
    return bytes(msgpack.packb([name, clear]))


def _write(file: io.FileIO, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


class Writer(io.RawIOBase):
    """What is written here is encrypted on its way to the file."""

    def __init__(self, file: io.FileIO, encryptor: AEADEncryptionContext) -> None:
        self._file = file
        self._encryptor = encryptor
        self._piece = memoryview(bytearray(_PIECE + _EXTRA))
        self._done = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._done

    def write(self, data: ReadableBuffer, /) -> int:
        given = memoryview(data).cast("B")
        for at in range(0, len(given), _PIECE):
            size = self._encryptor.update_into(given[at : at + _PIECE], self._piece)
            _write(self._file, self._piece[:size])
        self._done += len(given)
        return len(given)
