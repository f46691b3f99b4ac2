"""``python -m classification_model`` is the same tool as ``classification-model``."""

from classification_model.cli import main

if __name__ == "__main__":
    main()
