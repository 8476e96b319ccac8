"""How the instructions of programs over matrices run: a module a family, in it a function called as the ``op`` of each; see `spuframe.ir.instructions`."""
