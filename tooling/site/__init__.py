"""The docs site: static, self-contained pages from the contract, the tests and reports."""
