"""`python -m microfutures`."""

from microfutures.app.cli import main

if __name__ == "__main__":
    main()
