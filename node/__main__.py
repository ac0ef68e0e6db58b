"""`python -m node` is `ballast`."""

from node.cli.main import main

if __name__ == "__main__":
    main()
