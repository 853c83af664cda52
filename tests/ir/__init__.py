"""The model of C: spelling, naming, identity, selection."""
