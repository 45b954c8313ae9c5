"""Frozen classes of everything that can happen, one module per stream noun."""
