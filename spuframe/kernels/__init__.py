"""Fused loops over arrays of unsigned words, and the random streams that feed them. Nothing here knows a share or a rank."""
