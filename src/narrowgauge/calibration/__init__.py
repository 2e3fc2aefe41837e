"""From measurements to parameters: importers, physics fits, bounded residuals, intervals, validation."""
