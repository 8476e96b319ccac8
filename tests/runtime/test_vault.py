"""Files under a session's key."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.runtime.vault import DamagedError, Vault

MIB = 1 << 20


SIZES = st.lists(st.sampled_from([0, 1, 15, 16, 17, MIB - 1, MIB, MIB + 17, 3 * MIB]), max_size=4)


@given(pieces=SIZES, clear=st.binary(max_size=40), name=st.text(st.characters(codec="utf-8"), max_size=9))
def test_what_is_written_comes_back_and_nobody_else_reads_it(pieces: list[int], clear: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        path, vault = Path(folder) / "file", Vault(bytes(range(32)))
        given = [bytes([65 + i]) * size for i, size in enumerate(pieces)]
        with vault.create(path, name, clear) as out:
            for piece in given:
                assert out.write(piece) == len(piece)
        head, data = vault.open(path, name, len(clear))
        assert (head, bytes(data)) == (clear, b"".join(given)) and vault.clear(path, len(clear)) == clear
        if data:
            data[0] = 0  # changes nothing for others
            assert bytes(vault.open(path, name, len(clear))[1]) == b"".join(given)
        assert b"A" * 15 not in path.read_bytes() or b"A" * 15 in clear
        for other, called, size in ((Vault(bytes(32)), name, len(clear)), (vault, name + "x", len(clear)), (vault, name, len(clear) + 1)):
            with pytest.raises(DamagedError):
                other.open(path, called, size)


def test_a_file_that_is_not_finished_never_appears(tmp_path: Path) -> None:
    vault = Vault(bytes(32))
    with vault.create(tmp_path / "file", "n") as out:
        out.write(b"first")
    with pytest.raises(KeyboardInterrupt), vault.create(tmp_path / "file", "n") as out:
        out.write(b"second")
        raise KeyboardInterrupt
    assert bytes(vault.open(tmp_path / "file", "n")[1]) == b"first" and len(list(tmp_path.iterdir())) == 1


def test_equal_content_makes_unequal_files(tmp_path: Path) -> None:
    vault = Vault(bytes(32))
    for name in "ab":
        with vault.create(tmp_path / name, "n") as out:
            out.write(bytes(1000))
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()
    assert vault.pseudonym("a") != vault.pseudonym("b") != Vault(bytes(range(32))).pseudonym("b")
