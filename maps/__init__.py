"""Looking at it: H3 heat, classes and legends, pages that open without the internet."""
