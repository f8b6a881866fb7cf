"""The Task Timer on Django: the checks, handlers and services of the Python twin as they are."""
