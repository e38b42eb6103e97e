"""Who answers for which ground, and since when."""
