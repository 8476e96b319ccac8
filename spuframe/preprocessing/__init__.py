"""Material that parties make themselves: oblivious transfer, its extension, and the correlations that come of it. A protocol takes what it needs."""
