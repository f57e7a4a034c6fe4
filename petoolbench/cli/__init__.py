"""The command line, `petoolbench`; `main` assembles the commands of the other modules. Only this package prints."""
