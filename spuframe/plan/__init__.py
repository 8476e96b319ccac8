"""Plans: logical, optimised, physical."""
