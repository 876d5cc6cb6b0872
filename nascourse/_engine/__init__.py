"""What runs a search: loops, workers, files. A learner needs none of it by name."""
