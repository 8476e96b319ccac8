"""The frames that a byte stream is cut into.

A frame is a fixed header and a payload::

    magic "sf" | version u8 | kind u8 | tag u64 | length u64      little endian, 20 bytes

The tag counts the frames of one direction from 0, so a frame that was lost, repeated or put in
another place is seen. The kinds: DATA carries the bytes of an array, ABORT an error as msgpack,
BYE ends the stream.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import msgpack
import numpy as np
from numpy.typing import NDArray

from spuframe.errors import FrameError, InstanceError, LinkError, SpuframeError, from_wire, to_wire

VERSION = 1
MAGIC = b"sf"
DATA, ABORT, BYE = 0, 1, 2
HEADER = struct.Struct("<2sBBQQ")
MAX_ABORT = 1 << 16  # an error is a sentence or two; a peer must not make us read more
_MAX_MESSAGE = 12_000  # characters: at 4 bytes each, the message fits MAX_ABORT with room


class Header(NamedTuple):
    """A decoded header."""

    kind: int
    tag: int
    length: int


def encode_header(kind: int, tag: int, length: int) -> bytes:
    """Build the header of a frame.

    Examples
    --------
    >>> len(encode_header(DATA, 0, 64))
    20
    """
    return HEADER.pack(MAGIC, VERSION, kind, tag, length)


def decode_header(raw: bytes | bytearray | memoryview, name: str) -> Header:
    """Decode a header; what is no header of this version is a `FrameError` that blames ``name``.

    Examples
    --------
    >>> decode_header(encode_header(DATA, 3, 64), "party 1")
    Header(kind=0, tag=3, length=64)
    """
    magic, version, kind, tag, length = HEADER.unpack(raw)
    if magic != MAGIC:
        raise FrameError(f"{name} sent bytes that are no frame. Check that every process is a spuframe process.", party=name)
    if version != VERSION:
        raise FrameError(f"{name} speaks version {version} of the frames, this process {VERSION}. Install the same spuframe.", party=name)
    if kind > BYE:
        raise FrameError(f"{name} sent a frame of the unknown kind {kind}. Install the same spuframe everywhere.", party=name)
    return Header(kind, tag, length)


def check_data(header: Header, tag: int, nbytes: int, max_frame: int, name: str) -> None:
    """Check a DATA header against what the receiver expects."""
    if header.length > max_frame:
        raise FrameError(
            f"{name} announced a frame of {header.length} bytes, the limit is {max_frame}. Use smaller batches or raise `max_frame`.",
            party=name,
        )
    if header.tag != tag:
        raise FrameError(f"{name} sent frame number {header.tag} where number {tag} must come. Restart the session.", party=name)
    if header.length != nbytes:
        raise FrameError(
            f"{name} sent {header.length} bytes where {nbytes} must come (frame {tag}). All parties must run the same plan.", party=name
        )


def encode_abort(error: Exception) -> bytes:
    """Encode an error for the peers, in at most `MAX_ABORT` bytes.

    An error that is not of spuframe's tree travels by its type's name alone: its text could hold
    data that no peer may see.
    """
    if not isinstance(error, SpuframeError):
        error = InstanceError(f"the process failed with an internal error ({type(error).__name__}). Its own log has the details.")
    plain = to_wire(error)
    plain["message"] = str(plain["message"])[:_MAX_MESSAGE]
    plain["party"] = None if plain["party"] is None else str(plain["party"])[:1000]
    packed: bytes = msgpack.packb(plain, unicode_errors="replace")
    return packed


def decode_abort(raw: bytes | bytearray | memoryview, name: str) -> SpuframeError:
    """Rebuild the error of an ABORT frame; what is no error becomes a `FrameError`, returned too."""
    try:
        plain = msgpack.unpackb(raw, raw=False, max_map_len=8, max_array_len=0, max_ext_len=0)
    except (ValueError, msgpack.exceptions.UnpackException, RecursionError):
        plain = None
    fields = ("type", "message", "party")
    if not isinstance(plain, dict) or any(not isinstance(plain.get(f), str) for f in fields[:2]):
        return FrameError(f"{name} aborted, with bytes that are no error. Its own log has the details.", party=name)
    if not isinstance(plain.get("party"), str | None):
        plain["party"] = None
    error = from_wire({f: plain.get(f) for f in fields})
    error.said_by = name
    if error.party is None:
        error.party = name
    return error


def closed_here() -> LinkError:
    """Build the error for a link that this process itself closed."""
    return LinkError("this link is closed. Open a new one.")


def bytes_of(array: NDArray[Any], what: str, *, write: bool = False) -> memoryview:
    """View a C-contiguous array as its bytes, of whatever dtype and shape; nothing is copied.

    Examples
    --------
    >>> bytes_of(np.zeros((2, 3), np.uint64), "data").nbytes
    48
    """
    if not isinstance(array, np.ndarray) or not array.flags.c_contiguous:
        raise LinkError(f"`{what}` must be a C-contiguous array. Use np.ascontiguousarray.")
    if write and not array.flags.writeable:
        raise LinkError(f"`{what}` must be writeable, got a read-only array.")
    if array.dtype.hasobject:  # its bytes are addresses in this process
        raise LinkError(f"`{what}` must hold plain values, got dtype {array.dtype}.")
    try:
        return array.data.cast("B")  # a third of the time of NumPy's own views
    except (TypeError, ValueError):  # no bytes at all, or a dtype without a buffer format (datetime64)
        return array.reshape(-1).view(np.uint8).data
