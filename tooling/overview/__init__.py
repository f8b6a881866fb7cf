"""Overviews of the contract and both twins, for people and for programs."""
