"""`python -m builder` is `petoolbench`."""

from .cli.app import main

main()
