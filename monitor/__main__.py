"""`python -m monitor`: the same program as run_monitor.py. Knows nothing but the command line's door."""

from monitor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
