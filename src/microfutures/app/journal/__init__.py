"""What is read out of a journal: recovery, replay, reports."""
