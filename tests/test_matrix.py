"""How the matrix of tests and protocols is thinned: `WHOLE` and `chosen` of tests/conftest.py."""

from __future__ import annotations

from tests.conftest import WHOLE, chosen


def test_a_new_protocol_gets_its_slice() -> None:
    installed = ["aby3", "new", "plaintext"]
    assert chosen(installed, sliced=True) == [("plaintext", []), ("aby3", []), ("new", [])]
    *whole, (name, marks) = chosen(installed, sliced=False)
    assert whole == [("plaintext", []), ("aby3", [])]
    assert name == "new" and [m.name for m in marks] == ["matrix"]


def test_one_that_makes_its_material_gets_what_is_light() -> None:
    *_, (name, marks) = chosen(["aby3", "new", "plaintext"], sliced=True, slow={"new"})
    assert name == "new" and [m.name for m in marks] == ["matrix"]


def test_the_whole_matrix_is_run_on_what_is_installed_without_a_new_one() -> None:
    assert [name for name, _ in chosen(list(WHOLE), sliced=False)] == list(WHOLE)
