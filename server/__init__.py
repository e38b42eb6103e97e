"""HTTP, settings, the command line and the web page: the only part that knows the outside world."""
