"""A report gets its cell, its owner and its trace."""
