"""Servers on loopback that speak the networks' own languages, for the tests."""
