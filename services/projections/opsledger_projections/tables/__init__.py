"""Temporal tables: rows that are closed and followed, never overwritten."""
