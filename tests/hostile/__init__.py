"""Bad input through the whole command line: exit 3 and one line, or a right result."""
