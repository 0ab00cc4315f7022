"""python -m models.training: the recipe's command; part of models/training/."""

from models.training.command import main

if __name__ == "__main__":
    raise SystemExit(main())
