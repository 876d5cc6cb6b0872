"""One module for each method of a later unit; none imports another."""
