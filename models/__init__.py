"""Models: text in, numbers out. Knows nothing of monitor/, of brands, stores or platforms; usable alone.

    scorer = models.load("bundled")
    models.label_of(scorer.predict(["My order never came."])[0].sentiment, unsure_below=0.5)

Importing this package loads no engine; `load` imports the one that the named model needs.
"""

from models.errors import EngineMissing, ModelError, ModelMissing, ModelUnusable
from models.registry import available, load
from models.values import Label, ModelInfo, Prediction, Scorer, Sentiment, label_of

__all__ = [
    "EngineMissing",
    "Label",
    "ModelError",
    "ModelInfo",
    "ModelMissing",
    "ModelUnusable",
    "Prediction",
    "Scorer",
    "Sentiment",
    "available",
    "label_of",
    "load",
]
