"""Checks for authors of plug-ins, and parties that run in threads of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spuframe.testing.ideal import Ideal
from spuframe.testing.protocol import check_protocol
from spuframe.testing.simulate import simulate, simulate_blackbox
from spuframe.testing.transport import check_transport
from spuframe.testing.views import check_views

if TYPE_CHECKING:
    from spuframe.testing.estimator import check_estimator

__all__ = ["Ideal", "check_estimator", "check_protocol", "check_transport", "check_views", "simulate", "simulate_blackbox"]


def __getattr__(name: str) -> Any:  # only who checks an estimator needs pandas and scikit-learn
    if name == "check_estimator":
        from spuframe.testing.estimator import check_estimator

        return check_estimator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
