"""The read side of opsledger: it follows the feed, keeps temporal tables and replays scores."""
