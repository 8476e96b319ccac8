"""Algorithms written once over the black box."""
