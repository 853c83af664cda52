"""Whole kernels: generated packages against another reader's word on the same BTF."""
