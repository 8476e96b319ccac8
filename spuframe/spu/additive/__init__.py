"""Additive sharing between two parties, with kernels over material: the same whether a dealer makes it or the parties do."""
