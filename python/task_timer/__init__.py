"""The Task Timer API on Flask and SQLAlchemy."""
