"""The three content-addressed documents: rulebook, authority matrix, working-day calendar."""
