"""What a rulebook may say and exactly what it means: pure, exact, versioned functions."""
