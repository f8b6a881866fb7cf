"""`make compare`: the cost of each runtime, measured after their equal behaviour was shown."""
