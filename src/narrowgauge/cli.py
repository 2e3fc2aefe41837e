"""Command line: parses, calls, prints."""


def main() -> None:
    """Entry point."""
