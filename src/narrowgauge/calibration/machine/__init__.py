"""From measurements of one GPU to the numbers of its specification: one reader for records and for published tables."""
