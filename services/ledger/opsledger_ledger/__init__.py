"""The command side of opsledger: it decides on commands, records events and serves them in order."""
