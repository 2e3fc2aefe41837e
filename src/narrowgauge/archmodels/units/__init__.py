"""Compute units that can stand where a tensor core stands: one file each."""
