"""Expressions: immutable nodes over the columns of one table, inferred when built; and all builders of the families."""

from spuframe.expr.expr import Col as Col
from spuframe.expr.expr import Expr as Expr
from spuframe.expr.expr import Function as Function
from spuframe.expr.expr import Lit as Lit
from spuframe.expr.expr import Scalar as Scalar
from spuframe.expr.expr import as_expr as as_expr
from spuframe.expr.expr import col as col
from spuframe.expr.expr import evaluate as evaluate
from spuframe.expr.expr import lit as lit
from spuframe.expr.expr import rebind as rebind
from spuframe.expr.expr import substitute as substitute
from spuframe.expr.functions.arithmetic import *
from spuframe.expr.functions.astype import *
from spuframe.expr.functions.bitwise import *
from spuframe.expr.functions.bounds import *
from spuframe.expr.functions.comparison import *
from spuframe.expr.functions.conditional import *
from spuframe.expr.functions.logic import *
from spuframe.expr.functions.lookup import *
from spuframe.expr.functions.maths import *
from spuframe.expr.functions.membership import *
from spuframe.expr.functions.sign import *
from spuframe.expr.functions.whole import *
from spuframe.expr.node import Node as Node
