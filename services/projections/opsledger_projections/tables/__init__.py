"""Temporal tables: rows that are followed by others, never overwritten."""
