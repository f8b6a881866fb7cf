"""Side effects of requests on the targets' databases: rows inserted, changed and deleted."""
