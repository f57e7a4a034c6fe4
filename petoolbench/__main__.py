"""`python -m petoolbench` is the command `petoolbench`."""

from .cli.main import main

main()
