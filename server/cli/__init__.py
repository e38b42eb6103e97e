"""The command line: a module a topic, loaded when its command is called."""
