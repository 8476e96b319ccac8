"""The stand-in for the SPU, in a module that starts a thread when it is imported."""

from __future__ import annotations

import threading
import time

from tests.runtime.standin import main  # noqa: F401

threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
