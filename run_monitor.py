"""The program's door: `python run_monitor.py --help`. Knows nothing but where the command line is."""

from monitor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
