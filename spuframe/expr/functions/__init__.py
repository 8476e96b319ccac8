"""Functions of expressions, a family each; to add one: its class and builder in a family, its name in `spuframe.expr`, one test."""
