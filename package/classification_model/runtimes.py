"""Two engines that turn the encoded matrix into probabilities.

ONNX Runtime is the default: quick to start, small, and it runs no code from the model
file. scikit-learn is the reference, and unpickles. Each library is imported only by the
engine that is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from classification_model.processing.features import Matrix

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["Engine", "OnnxScorer", "Probabilities", "Scorer", "SklearnScorer"]

Engine = Literal["onnx", "sklearn"]

Probabilities = npt.NDArray[np.floating]


class Scorer(Protocol):
    """Encoded rows in, class probabilities out."""

    def score(self, matrix: Matrix) -> Probabilities:
        """From shape ``(rows, features)`` to shape ``(rows, classes)``.

        A row gets the same bits whatever other rows it comes with.
        """


class OnnxScorer:
    """Scores through ONNX Runtime, on one thread: replicas scale out, not threads."""

    def __init__(self, graph: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._run = session.run
        self._input = session.get_inputs()[0].name
        self._outputs = [session.get_outputs()[-1].name]

    def score(self, matrix: Matrix) -> Probabilities:
        # One row alone takes another path through matrix multiplication, which rounds
        # otherwise. Two copies of it take the path of every batch.
        if len(matrix) == 1:
            return self._score(np.repeat(matrix, 2, axis=0))[:1]
        return self._score(matrix)

    def _score(self, matrix: Matrix) -> Probabilities:
        probabilities: Probabilities = self._run(self._outputs, {self._input: matrix})[0]
        return probabilities


class SklearnScorer:
    """Scores through the pickled pipeline itself, after its encoding step."""

    # Matrix multiplication rounds a row according to how many others there are and where it
    # stands among them. In blocks of one size, small enough for one thread, it does not.
    _BLOCK = 64

    def __init__(self, pipeline: Pipeline) -> None:
        from threadpoolctl import ThreadpoolController

        self._classify = pipeline.named_steps["classify"]
        self._threads = ThreadpoolController()

    def score(self, matrix: Matrix) -> Probabilities:
        rows = len(matrix)
        padded = np.pad(matrix, ((0, -rows % self._BLOCK), (0, 0)), mode="edge")
        blocks = padded.reshape(-1, self._BLOCK, matrix.shape[1])
        with self._threads.limit(limits=1):
            scores: Probabilities = np.vstack([self._classify.predict_proba(b) for b in blocks])
        return scores[:rows]
