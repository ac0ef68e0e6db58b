"""Who may change what: tracks, votes, and the preview of what a change would do."""
