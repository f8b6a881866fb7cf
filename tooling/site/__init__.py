"""The docs site: flat pages, complete in themselves, out of the contract, the tests and reports."""
