"""The transports: each module here is one, found by its name, and holds it as ``TRANSPORT``. They do not know each other."""
