"""The kitchen sink: one C program of hard types, compiled for many targets, against which the
whole of uapigen is held. See oracle.py for where the expected values come from."""
