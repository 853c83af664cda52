"""DESIGN section 3, sentence by sentence: what generated code offers."""
