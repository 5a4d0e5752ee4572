"""Eyes: they see snapshots and send commands, never more."""
