"""One module per reproduced paper: its configurations, and the general models run with them. Published figures: the YAML file."""
