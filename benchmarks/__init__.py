"""Named cases over fixed inputs; a case and its peers are timed in turns in one run."""
