"""Importers: measured tables of others, and of users, as rows of kernel families."""
