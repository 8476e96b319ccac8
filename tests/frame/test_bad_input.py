"""Mistakes on purpose: each is a typed error with the remedy, before anything is sent, and the session still works."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe import errors

SMALL = pd.DataFrame({"id": [1, 2, 3], "age": [50, 61, 17], "bmi": [22.5, 31.25, 18.0], "name": ["ann", "bob", "cy"]})


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(SMALL, owner="hospital")


@pytest.fixture(autouse=True)
def still_works(session: sf.Session, frame: sf.SecretFrame):  # type: ignore[no-untyped-def]
    before = session.last_profile
    yield
    if session.last_profile is before:  # nothing ran; it would still
        assert frame["age"].sum().reveal() == 128


def test_a_missing_column_names_the_near_ones(frame: sf.SecretFrame) -> None:
    with pytest.raises(errors.ColumnNotFoundError, match="no column 'agee'.*Did you mean 'age'") as failed:
        frame["agee"]
    assert isinstance(failed.value, KeyError)
    with pytest.raises(errors.ColumnNotFoundError, match="bmi"):
        frame[["id", "bmii"]]
    with pytest.raises(errors.ColumnNotFoundError):
        frame.groupby("nam")
    with pytest.raises(errors.ColumnNotFoundError):
        frame.sort_values("x")
    with pytest.raises(errors.ColumnNotFoundError):
        frame.merge(frame, on="idd")
    with pytest.raises(errors.ColumnNotFoundError):
        frame.rename({"idd": "x"})


def test_a_missing_file(session: sf.Session, tmp_path: Path) -> None:
    with pytest.raises(errors.DataFileError, match=r"nowhere\.csv.*hospital") as failed:
        session.read_csv(tmp_path / "nowhere.csv", owner="hospital")
    assert isinstance(failed.value, FileNotFoundError)


def test_a_missing_column_of_a_file(session: sf.Session, tmp_path: Path) -> None:
    SMALL.to_csv(tmp_path / "small.csv", index=False)
    with pytest.raises(errors.ColumnNotFoundError, match="Did you mean 'age'"):
        session.read_csv(tmp_path / "small.csv", owner="hospital", usecols=["agee"])


@pytest.mark.filterwarnings("ignore::spuframe.InsecureWarning")  # one party starts sooner than three
def test_an_unknown_owner() -> None:
    with sf.local(owners=["hospital"], protocol="plaintext") as session:
        with pytest.raises(errors.OwnerNotFoundError, match="'insurer'.*hospital"):
            session.from_pandas(SMALL, owner="insurer")
        assert session.from_pandas(SMALL, owner="hospital")["age"].sum().reveal() == 128


def test_unequal_schemas(frame: sf.SecretFrame, session: sf.Session) -> None:
    with pytest.raises(errors.SchemaError, match="same columns"):
        sf.concat([frame, frame.drop("bmi")])
    with pytest.raises(errors.PlanError, match="'name'"):
        sf.concat([frame, frame.assign(name=1)])
    other = session.from_pandas(SMALL.astype({"id": "str"}), owner="insurer")
    with pytest.raises(errors.PlanError, match="id"):
        frame.merge(other, on="id")


def test_operations_that_a_type_does_not_have(frame: sf.SecretFrame) -> None:
    with pytest.raises(errors.TypeMismatchError, match="name"):
        frame["name"] + 1
    with pytest.raises(errors.TypeMismatchError):
        frame[frame["age"]]
    with pytest.raises(errors.TypeMismatchError):
        frame["age"] & frame["bmi"]
    with pytest.raises(errors.PlanError, match="zero|0"):
        frame["age"] / 0
    with pytest.raises(errors.PlanError):
        frame["bmi"] * float("nan")
    with pytest.raises(errors.PlanError, match="mode"):
        frame.groupby("name").agg(x=("age", "mode"))


def test_python_habits_that_cannot_work(frame: sf.SecretFrame) -> None:
    with pytest.raises(errors.TypeMismatchError, match="&"):
        bool(frame["age"] > 1)
    with pytest.raises(errors.TypeMismatchError, match="reveal"):
        list(frame["age"])
    with pytest.raises(errors.TypeMismatchError, match="secret"):
        len(frame[frame["age"] > 1])
    assert len(frame) == 3 and frame.shape == (3, 4)


def test_a_range_that_overflows(frame: sf.SecretFrame, session: sf.Session) -> None:
    wide = session.from_pandas(pd.DataFrame({"x": [1e6, -1e6], "n": [2**40, -(2**40)]}), owner="hospital")
    with pytest.raises(errors.RangeOverflowError, match="x.*"):
        (wide["x"] * wide["x"] * wide["x"]).reveal()
    with pytest.raises(errors.RangeOverflowError, match="n"):
        (wide["n"] * wide["n"]).reveal()


def test_values_that_cannot_be_encoded(session: sf.Session) -> None:
    with pytest.raises(errors.NotFiniteError, match="'x'.*row"):
        session.from_arrow(__import__("pyarrow").table({"x": [1.0, float("inf"), 2.0]}), owner="hospital")
    with pytest.raises(errors.DataError, match="age"):
        session.from_pandas(SMALL, owner="hospital", ranges={"age": (0, 60)})
    big = session.from_pandas(pd.DataFrame({"big": np.array([2**63 + 5], np.uint64)}), owner="hospital")
    assert big["big"].reveal().tolist() == [2**63 + 5] and (big["big"] & 7).reveal().tolist() == [5]
    with pytest.raises(errors.RangeOverflowError, match="big"):
        big["big"] + 1


def test_columns_of_another_table(frame: sf.SecretFrame, session: sf.Session) -> None:
    other = session.from_pandas(SMALL, owner="insurer")
    with pytest.raises(errors.SchemaError, match="[Mm]erge"):
        frame["age"] + other["age"]
    with pytest.raises(errors.SchemaError, match="merge"):
        frame[other["age"] > 1]
    with pytest.raises(errors.SchemaError, match="merge"):
        frame.copy()["x"] = other["age"]


@pytest.mark.filterwarnings("ignore::spuframe.InsecureWarning")  # one party starts sooner than three
def test_a_frame_of_another_session(frame: sf.SecretFrame) -> None:
    with sf.local(protocol="plaintext") as session:
        foreign = session.from_pandas(SMALL, owner="hospital")
        for wrong in (lambda: frame.merge(foreign, on="id"), lambda: frame["age"] + foreign["age"], lambda: sf.concat([frame, foreign])):
            with pytest.raises(errors.ForeignFrameError, match="session"):
                wrong()
    with pytest.raises(errors.SessionClosedError):
        foreign.reveal()
    with pytest.raises(errors.SessionClosedError):
        session.read_csv("x.csv", owner="hospital")


@pytest.mark.parametrize("parties", [2, 4])
def test_a_wrong_number_of_parties(parties: int) -> None:
    with pytest.raises(errors.PartyCountError, match=f"needs 3 parties, got {parties}"):
        sf.local(parties=parties)


def test_an_unknown_protocol() -> None:
    with pytest.raises(errors.PluginNotFoundError, match="'aby4'"):
        sf.local(protocol="aby4")


def test_two_runtimes_on_one_port() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(errors.AddressInUseError, match="port"), sf.local(base_port=taken.getsockname()[1]):
            pass


def test_the_plaintext_protocol_warns() -> None:
    with pytest.warns(sf.InsecureWarning, match="INSECURE"):
        sf.local(protocol="plaintext")


def test_declared_ranges_are_no_oracle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for path in (tmp_path / "small.csv", "small.csv"):
        SMALL.to_csv(path, index=False)
    SMALL.to_csv(tmp_path / "other.csv", index=False)
    reading = sf.Policy(folders=(str(tmp_path),))
    with sf.local(owners={"hospital": reading, "clinic": dataclasses.replace(reading, ranges="none"), "other": sf.Policy()}) as session:
        assert session.read_csv("small.csv", owner="other").rows == 3  # of the current folder alone, unless the policy names others
        with pytest.raises(errors.PolicyError, match="reads from its current folder alone"):
            session.read_csv(tmp_path / "small.csv", owner="other")

        def ask(high: int, owner: str = "hospital", name: str = "small.csv") -> sf.SecretFrame:
            return session.read_csv(tmp_path / name, owner=owner, ranges={"age": (0, high)})

        for bound in range(2, 9):
            with pytest.raises(errors.EncodingError, match="outside the range") as caught:
                ask(bound)
            assert "in row" not in str(caught.value) and "rows between" not in str(caught.value)
        ask(100)
        ask(100)  # the same question again tells nothing more
        with pytest.raises(errors.PolicyError, match="takes no more ranges of column 'age' after 8"):
            ask(99)  # that it holds would tell as much as that it does not
        ask(100)
        ask(99, name="other.csv")
        with pytest.raises(errors.PolicyError, match="publishes no ranges"):
            ask(100, "clinic")
        frame = session.read_csv(tmp_path / "small.csv", owner="clinic")
        assert frame["age"].count().reveal() == 3


def test_a_hand_made_scan_must_claim_what_was_published(frame: sf.SecretFrame, session: sf.Session) -> None:
    import msgpack

    from spuframe.plan import build

    plain = msgpack.unpackb(session.physical(build.reveal(frame[["age"]].node)).to_bytes())
    scan = next(s for s in plain["steps"] if s["op"] == "scan")
    scan["schema"][0]["range"] = [0, 50]
    with pytest.raises(errors.PlanError, match="its owner published"):
        session.runtimes.run(msgpack.packb(plain))


@pytest.mark.parametrize("claim", [{"range": [0, 50]}, {"range": None}, {"nullable": True}, {"dtype": "int8"}])
def test_a_computed_column_of_a_scan_is_what_its_owner_infers(frame: sf.SecretFrame, session: sf.Session, claim: dict[str, object]) -> None:
    """A narrower range would tell by its failure who lies outside, and by many plans the value itself."""
    import msgpack

    from spuframe.plan import build

    plain = msgpack.unpackb(session.physical(build.store(frame.assign(x=frame["age"] + 1)[["x"]].node, "probe")).to_bytes())
    scan = next(s for s in plain["steps"] if s["op"] == "scan")
    (computed,) = (n for n in scan["params"]["expressions"] if n.get("fn") == "add")
    computed |= claim
    scan["schema"][0] |= claim
    with pytest.raises(errors.PlanError):
        session.runtimes.run(msgpack.packb(plain))
    assert "probe" not in session.stored()
