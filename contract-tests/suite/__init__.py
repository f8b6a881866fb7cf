"""What proves the twins: the contract tests, their mutants and seeds, the mirror."""
