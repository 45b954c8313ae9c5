"""The story of one disputed score (scenarios S1 and S2): who, what, when; and its player."""
