"""Benchmarks: ``python -m benchmarks.run`` for our figures, ``python -m benchmarks.peers`` for ours beside SPU's."""
