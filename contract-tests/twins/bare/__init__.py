"""Handlers without framework, ORM or contract; `make bench` measures the twins against them."""
