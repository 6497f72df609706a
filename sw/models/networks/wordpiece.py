# SPDX-License-Identifier: Apache-2.0
"""BERT's lower-case WordPiece tokenizer: text to ids, by a vocabulary with one token a line."""
import unicodedata

import numpy as np

LONGEST_WORD = 100


def _is_punctuation(c):
    # All of ASCII that is neither letter nor digit counts, $ and ^ too.
    return 33 <= ord(c) <= 126 and not c.isalnum() or unicodedata.category(c).startswith("P")


def _is_ideograph(c):
    n = ord(c)
    return any(low <= n <= high for low, high in (
        (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2CEAF),
        (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)))


def words(text):
    """Lower case without accents; punctuation marks and ideographs stand alone."""
    found = []
    for c in text:
        if c in "\t\n\r" or unicodedata.category(c) == "Zs":
            found.append(" ")
        elif unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") or c == "\ufffd":
            continue
        elif _is_ideograph(c):
            found += [" ", c, " "]
        else:
            found.append(c)
    # One by one, so that a sigma at the end of a word is like any other.
    plain = unicodedata.normalize("NFD", "".join(c.lower() for c in "".join(found)))
    spaced = (f" {c} " if _is_punctuation(c) else c
              for c in plain if unicodedata.category(c) != "Mn")
    return "".join(spaced).split()


class WordPiece:
    def __init__(self, vocabulary):
        tokens = vocabulary.read_text(encoding="utf-8").rstrip("\n").split("\n")
        self._ids = {token: i for i, token in enumerate(tokens)}
        self.cls, self.sep, self.pad, self.unknown = (
            self._ids[token] for token in ("[CLS]", "[SEP]", "[PAD]", "[UNK]"))

    def _pieces(self, word):
        """The longest known beginning, again and again."""
        ids, start = [], 0
        while start < len(word) <= LONGEST_WORD:
            for end in range(len(word), start, -1):
                piece = self._ids.get(("##" if start else "") + word[start:end])
                if piece is not None:
                    break
            else:
                return [self.unknown]
            ids.append(piece)
            start = end
        return ids or [self.unknown]

    def ids(self, text):
        """Without [CLS] and [SEP]."""
        return [i for word in words(text) for i in self._pieces(word)]

    def encode(self, texts, length):
        """The arrays that a BERT wants, a text a row, cut or padded to `length` tokens."""
        rows = [[self.cls, *self.ids(text)[:length - 2], self.sep] for text in texts]
        ids = np.full((len(rows), length), self.pad, np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, :len(row)], mask[i, :len(row)] = row, 1
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
