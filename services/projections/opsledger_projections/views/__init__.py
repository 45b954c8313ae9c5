"""Views: pure functions from events to row changes, one module per subject."""
