"""The Task Timer's own test stack: its database, its two servers, its commands."""
