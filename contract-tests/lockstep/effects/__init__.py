"""What requests do to the databases of the targets: rows inserted, changed and deleted."""
