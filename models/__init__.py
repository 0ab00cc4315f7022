"""Models: text in, numbers out."""
class ModelError(Exception):
    pass
class ModelMissing(ModelError):
    pass
