"""What users run: predictions, priced tables, reports."""
