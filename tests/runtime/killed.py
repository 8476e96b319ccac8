"""A session whose owner's table and stored shares hold known values; run as a script by the tests, which kill it."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import pandas as pd

import spuframe as sf

TEXT = "a sentinel to look for"
NUMBER = 0x5EC2E70123456789


def main() -> None:
    warnings.simplefilter("ignore", sf.InsecureWarning)
    with sf.local(protocol="plaintext", scratch=sys.argv[1]) as session:  # its shares are the values themselves
        session.progress = False
        frame = session.from_pandas(pd.DataFrame({"text": [TEXT] * 500, "number": [NUMBER] * 500}), owner="ann")
        kept = frame.persist()
        assert kept["number"].max().reveal() == NUMBER
        print(*(node["pid"] for node in session.status()), flush=True)
        time.sleep(120)


if __name__ == "__main__":
    main()
