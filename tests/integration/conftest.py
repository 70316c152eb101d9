from tests.unit.embedding.conftest import make_bundle, model_folder

__all__ = ["make_bundle", "model_folder"]  # the tiny BERT, whose slower engines are tested here
