"""Search by meaning, where the extra `[semantic]` is installed.

A small sentence model (MiniLM, int8, run by ONNX) finds titles that share no word with the phrase,
and the words that agree weigh in.

The titles of a release are turned into vectors once, by `rcm codes vectors`, and lie beside the
release. Without the extra or the vectors everything works lexically.
"""

from coding_svc.semantic.opening import build_vectors, open_searcher

__all__ = ["build_vectors", "open_searcher"]
