"""Protocols: one module or package each, with a table called ``PROTOCOL``. They are found by name and never know each other."""
