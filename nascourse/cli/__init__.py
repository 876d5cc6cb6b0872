"""The command line: ``python -m nascourse``."""
