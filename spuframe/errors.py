"""All errors of spuframe, one tree.

Every class is also a standard exception, so that ``except ValueError`` does what a reader expects.
Messages say what is wrong, where, and what to do; they never hold a secret or a share.

::

    SpuframeError
    +-- PlanError (ValueError)                a plan that cannot be built
    |   +-- ColumnNotFoundError (KeyError)
    |   +-- SchemaError                       unequal or contradictory schemas
    |   +-- TypeMismatchError (TypeError)
    |   +-- RangeOverflowError (OverflowError)  a value range that does not fit its ring
    |   +-- PlanVersionError                  a physical plan of another version
    |   +-- PolicyError (PermissionError)     an owner's policy forbids it
    |   +-- QuotaError                        more than a node lets a session ask for
    +-- DataError (ValueError)                an owner's data that cannot be used
    |   +-- DataFileError (FileNotFoundError)
    |   +-- EncodingError (OverflowError)     a value outside the encodable range
    |   +-- NotFiniteError                    NaN or infinity where a number is needed
    |   +-- DuplicateKeyError                 a key that must be unique is not
    |   +-- RowLimitError (OverflowError)     more rows than the bound that the plan gives
    |   +-- CollinearError (ArithmeticError)  features that do not determine the coefficients of a model
    +-- SessionError (RuntimeError)
    |   +-- SessionClosedError
    |   +-- ForeignFrameError                 frames of two sessions in one expression
    |   +-- OwnerNotFoundError (LookupError)
    |   +-- PartyCountError (ValueError)      a protocol with the wrong number of parties
    |   +-- PluginNotFoundError (LookupError)
    |   +-- AddressInUseError (OSError)
    |   +-- RequestError (ValueError)         a request of another form than the one declared
    +-- LinkError (ConnectionError)
    |   +-- PeerClosedError
    |   +-- PeerTimeoutError (TimeoutError)
    |   +-- FrameError                        bytes that are not what the protocol of frames allows
    |   +-- AuthenticationError (PermissionError)
    +-- InstanceError (RuntimeError)          an SPU instance that failed
    |   +-- InstanceStateError                asked for something its state does not allow
    |   +-- InstanceMemoryError (MemoryError)
    |   +-- StorageError (OSError)            no room where a process keeps shares and tables
    |   +-- PartyDiedError (ConnectionError)  a process that died
    |   +-- ProtocolError                     a protocol step that cannot go on
    |   |   +-- MissingKernelError            a protocol that lacks a kernel that a plan needs
    +-- StoreError (LookupError)              a name that the store of shares does not hold
    +-- NotFittedError (ValueError, AttributeError)
    +-- NotAvailableError (AttributeError)    what pandas has and secret tables have not
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any


class SpuframeError(Exception):
    """Base of every error that spuframe raises on purpose.

    Parameters
    ----------
    message : str
        What, where and the remedy. Never a secret, never a share.
    party : str, optional
        The name of the process to blame (``"party 1"``, ``"owner hospital"``), if there is one.

    Attributes
    ----------
    said_by : str or None
        The peer that told of the error, where it is hearsay: not what the process that reports it has seen.
    detail : str or None
        The message with what only those may know who hold the table: which rows it is about. It does not travel.
    """

    said_by: str | None = None
    detail: str | None = None

    def __init__(self, message: str = "", *, party: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.party = party

    def __str__(self) -> str:  # KeyError would print the repr of its argument
        return self.message


class PlanError(SpuframeError, ValueError):
    """A plan that cannot be built."""


class InvalidParameterError(PlanError, TypeError):
    """A parameter of an estimator that is not what the estimator declares of it.

    Attributes
    ----------
    name : str
    value : object
    allowed : str
        What it may be, in words.
    """

    name: str
    value: object
    allowed: str

    @classmethod
    def of(cls, name: str, value: object, allowed: str, whose: str) -> InvalidParameterError:
        error = cls(f"`{name}` must be {allowed}, got {value!r}: see the docstring of {whose}")
        error.name, error.value, error.allowed = name, value, allowed
        return error


class ColumnNotFoundError(PlanError, KeyError):
    """A column that the frame does not have."""

    @classmethod
    def of(cls, name: object, columns: list[str]) -> ColumnNotFoundError:
        """Build the error for ``name``, listing the names nearest to it."""
        near = get_close_matches(str(name), columns, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(map(repr, near))}? " if near else ""
        return cls(f"no column {name!r}. {hint}The columns are: {', '.join(map(repr, columns)) or '(none)'}.")


class SchemaError(PlanError):
    """Schemas that are unequal or contradictory."""


class TypeMismatchError(PlanError, TypeError):
    """An operation that its operands' types do not have."""


class RangeOverflowError(PlanError, OverflowError):
    """An expression whose inferred range does not fit its ring."""


class PlanVersionError(PlanError):
    """A physical plan of another version of spuframe."""


class PolicyError(PlanError, PermissionError):
    """A plan that an owner's policy forbids."""


class QuotaError(PlanError):
    """More than a node lets a session ask for."""

    @classmethod
    def of(cls, what: str, quota: str, most: float, node: str) -> QuotaError:
        """Build the error for what is more than a quota of `spuframe.config.Quotas`."""
        text = f"{what}; {node} allows {most:g} (Quotas.{quota}). Ask for less at a time, or have its operator raise Quotas({quota}=...)"
        return cls(f"{text}: sf.local(quotas=...) where the nodes are local.", party=node)


class DataError(SpuframeError, ValueError):
    """An owner's data that cannot be used."""


class DataFileError(DataError, FileNotFoundError):
    """A file that is missing or cannot be read."""


class EncodingError(DataError, OverflowError):
    """A value outside the range that its column can encode."""


class NotFiniteError(DataError):
    """NaN or infinity where a number is needed."""


class DuplicateKeyError(DataError):
    """A join key that must be unique on one side and is not."""


class RowLimitError(DataError, OverflowError):
    """More rows than the bound that a plan gives: none is left out, and that bit is all that becomes known."""


class CollinearError(DataError, ArithmeticError):
    """Features that do not determine the coefficients of a model: that bit is all that becomes known."""


class SessionError(SpuframeError, RuntimeError):
    """Misuse of a session."""


class SessionClosedError(SessionError):
    """A session that is closed."""


class ForeignFrameError(SessionError):
    """A frame of another session."""


class OwnerNotFoundError(SessionError, LookupError):
    """An owner that the session does not know."""


class PartyCountError(SessionError, ValueError):
    """A protocol that does not run with this number of parties."""


class PluginNotFoundError(SessionError, LookupError):
    """A protocol or transport that cannot be found by its name."""


class AddressInUseError(SessionError, OSError):
    """An address on which something else listens already."""


class RequestError(SessionError, ValueError):
    """A request whose fields have other types than those declared."""


class LinkError(SpuframeError, ConnectionError):
    """A link between two processes that failed."""


class PeerClosedError(LinkError):
    """A peer that closed its end of the link."""


class PeerTimeoutError(LinkError, TimeoutError):
    """A peer that did not answer within the deadline."""


class FrameError(LinkError):
    """Bytes from a peer that are not a frame we expect."""


class AuthenticationError(LinkError, PermissionError):
    """A peer that could not prove the session secret."""


class InstanceError(SpuframeError, RuntimeError):
    """An SPU instance that failed."""


class InstanceStateError(InstanceError):
    """An SPU instance whose state does not allow what was asked."""


class InstanceMemoryError(InstanceError, MemoryError):
    """An SPU instance that ran out of its memory limit."""


class StorageError(InstanceError, OSError):
    """No room where a process keeps shares and tables."""

    @classmethod
    def of(cls, error: BaseException, name: str) -> StorageError | None:
        """Build the error for a system that has no room for what the process ``name`` writes; None for all other errors."""
        if not (isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}):
            return None
        return cls(
            f"{name} has no room left where it keeps tables and shares (by default /dev/shm, which is in memory; Docker gives it 64 MB). "
            "Delete persisted frames and close sessions that are not needed, give it more (docker run --shm-size=4g), "
            "or choose another folder: sf.local(scratch=...), or the environment variable SPUFRAME_SCRATCH.",
            party=name,
        )


class PartyDiedError(InstanceError, ConnectionError):
    """A process of a party or an owner that died."""


class ProtocolError(InstanceError):
    """A protocol step that cannot go on."""


class MissingKernelError(ProtocolError):
    """A protocol lacks a kernel that a plan needs."""


class StoreError(SpuframeError, LookupError):
    """A name that the store of shares does not hold."""


class NotFittedError(SpuframeError, ValueError, AttributeError):
    """An estimator that is used before ``fit``."""


class NotAvailableError(SpuframeError, AttributeError):
    """An attribute that pandas has and a secret table has not."""


def _tree(cls: type[SpuframeError]) -> Iterator[type[SpuframeError]]:
    yield cls
    for sub in cls.__subclasses__():
        yield from _tree(sub)


def to_wire(error: SpuframeError) -> dict[str, Any]:
    """Turn an error into plain data that another process can rebuild it from."""
    plain = {"type": type(error).__name__, "message": error.message, "party": error.party}
    return plain if error.said_by is None else plain | {"said_by": error.said_by}


def from_wire(data: dict[str, Any]) -> SpuframeError:
    """Rebuild an error sent by :func:`to_wire`; an unknown type becomes an :class:`InstanceError`."""
    classes = {c.__name__: c for c in _tree(SpuframeError)}
    cls = classes.get(str(data.get("type")), InstanceError)
    party, said_by = data.get("party"), data.get("said_by")
    error = cls(printable(str(data.get("message"))), party=None if party is None else printable(str(party)))
    error.said_by = None if said_by is None else printable(str(said_by))
    return error


def printable(text: str) -> str:
    r"""Put a sign in the place of every control character that another process sent: a terminal obeys some of them.

    >>> printable("party 1\x1b[2J died")
    'party 1\ufffd[2J died'
    """
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


class PrecisionWarning(UserWarning):
    """What is stored of a column or a constant has lost more than the last digits."""
