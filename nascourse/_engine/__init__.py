"""What a search runs on, behind the modules that a learner imports."""
