"""Stores of submissions and outcomes, on this machine or on the Hub."""
