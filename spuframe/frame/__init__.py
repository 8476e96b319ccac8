"""The frames that an analyst writes with: pandas' names, values that nobody sees until they are revealed."""

from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.frame.groupby import GroupBy
from spuframe.frame.scalar import SecretScalar
from spuframe.frame.session import Session, local
from spuframe.frame.stacking import concat
from spuframe.frame.summary import SecretSummary

__all__ = ["GroupBy", "SecretFrame", "SecretScalar", "SecretSeries", "SecretSummary", "Session", "concat", "local"]
