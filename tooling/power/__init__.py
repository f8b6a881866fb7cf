"""How much lockstep sees on servers that it has never seen: `make bench-power`."""
