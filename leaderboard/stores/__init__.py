"""Stores of submissions and outcomes, on the local machine or on the Hub."""
