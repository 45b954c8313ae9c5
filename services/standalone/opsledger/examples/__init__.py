"""The released example entries: the story as recorded, and what the story does not reach."""
