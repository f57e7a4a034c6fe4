"""`python -m builder` is `petoolbench`."""

from .cli import main

main()
