"""The runtime: nodes, SPU instances, stores of shares, and the session of the analyst."""
