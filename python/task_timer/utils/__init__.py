"""Tools without a thought for tasks or time; they import nothing of the project."""
