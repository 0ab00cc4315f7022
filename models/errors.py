"""What can go wrong with a model; part of models/, standard library only.

ModelError            each message is one sentence or two: what, where, what to do
├── ModelMissing      not there, or not whole: a file, a folder, a hub id
├── ModelUnusable     there, but not fit: no usable labels, pickled weights, code of its own
└── EngineMissing     there, but the library that runs it is not installed
"""


class ModelError(Exception):
    """A model cannot be opened or used; the message is meant for people."""


class ModelMissing(ModelError):
    """The model, or one of its files, is not where it was looked for, or was changed."""


class ModelUnusable(ModelError):
    """The model is there, but does not answer with sentiment, or may not be loaded safely."""


class EngineMissing(ModelError):
    """The library that would run the model is not installed."""
