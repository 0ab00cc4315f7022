"""Models: text in, numbers out. Knows nothing of monitor/, of brands, stores or platforms; usable alone.

    scorer = models.load("bundled")
    models.label_of(scorer.predict(["My order never came."])[0].sentiment, unsure_below=0.5)
    models.Router.of(scorer, ["en"]).answer(["Wo bleibt mein Paket denn nun?"])[0].unsure

Importing this package loads no engine; `load` imports the one that the named model needs.
"""

from models.errors import EngineMissing, ModelError, ModelMissing, ModelUnusable
from models.heads import TOUCHPOINTS
from models.registry import available, confusions_of, languages_of, load
from models.routing import OTHERS, Answer, Reader, Router
from models.values import Label, ModelInfo, Prediction, Scorer, Sentiment, doubt_of, label_of

__all__ = [
    "OTHERS",
    "TOUCHPOINTS",
    "Answer",
    "EngineMissing",
    "Label",
    "ModelError",
    "ModelInfo",
    "ModelMissing",
    "ModelUnusable",
    "Prediction",
    "Reader",
    "Router",
    "Scorer",
    "Sentiment",
    "available",
    "confusions_of",
    "doubt_of",
    "label_of",
    "languages_of",
    "load",
]
