"""The SPU: executes physical plans on shares with one protocol."""
