"""A sample city of any size from a seed, and the standard code tables."""
