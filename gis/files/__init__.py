"""Files as cities send them: spatial files and tables, read in bounded batches, written in open formats."""
