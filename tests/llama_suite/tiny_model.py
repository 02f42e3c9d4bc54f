"""Tiny models for llama-server's tests, in place of the ones that it downloads: random weights, whole answers.

What its tests count on: a vocabulary of letters and some pieces in SentencePiece's form with BOS 1, in which their
sentences have about as many tokens as in the models that they were written for; answers that go on until a limit; no
byte of half a character. One dimension of the residual stream is the same for all tokens and is written to by no layer,
so that the output layer can hold ends and bytes down by it.
"""
import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import gguf_file  # noqa: E402
from gguf_file import F32, U32, Array, File, Tensor, Text  # noqa: E402

WIDTH, HEADS, KV_HEADS, FFN, LAYERS, CONTEXT = 64, 4, 2, 128, 2, 8192
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
MIDDLE = {"prefix": "<PRE>", "suffix": "<SUF>", "middle": "<MID>"}

LETTERS = [chr(c) for c in range(33, 127)]
# "What is the capital of France?" is 21 tokens, "Germany?" differs in 6, " Hello 3" is 5: as in stories260K.
PIECES = ["▁", "▁c", "▁o", "▁i", "▁t", "▁W", "al", "pi", "▁F", "▁Fr", "an", "ce", "▁G", "er", "▁H", "el", "lo",
          # what keeps the prompts of other tests within their contexts
          "▁q", "ui", "ck", "▁b", "ro", "wn", "▁f", "ox", "▁j", "um", "ps", "▁l", "zy", "▁d", "og", "es", "▁T",
          "us", "as", "si", "sy", "em", "▁B", "oo", "▁a", "be", "▁n", "▁s", "in", "re", "▁m", "▁w"]
TURNS = ["<|im_start|>", "<|im_end|>"]  # of ChatML
# For texts to vectors: words, and both ends marked.
WORDS = ["I", "believe", "the", "meaning", "of", "life", "is", "This", "a", "test", "hello", "another", "world", "b",
         "c", "d", "Machine", "Learning", "machine", "learning", "data", "study"]


def vocabulary(words, middle):
    """(text, score, type) of each token."""
    rows = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
    rows += [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
    texts = LETTERS + PIECES
    if words:  # each beginning of a word too, since pieces grow by pairs
        texts += [("▁" + word)[:end] for word in WORDS for end in range(2, len(word) + 2)]
    for text in dict.fromkeys(texts):
        rows.append((text, float(len(text)) - 100.0, NORMAL))
    rows += [(text, 0.0, CONTROL) for text in TURNS]
    if middle:
        rows += [(text, 0.0, CONTROL) for text in MIDDLE.values()]
    return rows


def tensor(draw, rows, columns, scale, unwritten=False):
    """[rows][columns] of random numbers; unwritten: row 0 is zero."""
    values = [0.0 if unwritten and row == 0 else draw.gauss(0, scale) for row in range(rows) for _ in range(columns)]
    return Tensor(0, [columns, rows], struct.pack(f"<{len(values)}f", *values))


def ones(count):
    return Tensor(0, [count], struct.pack(f"<{count}f", *[1.0] * count))


def set_column(made, values):
    """Sets column 0 of each row."""
    data = bytearray(made.data)
    for row, value in enumerate(values):
        struct.pack_into("<f", data, row * made.shape[0] * 4, value)
    made.data = bytes(data)
    return made


def weights(draw, types):
    head = WIDTH // HEADS
    tensors = {"token_embd.weight": set_column(tensor(draw, len(types), WIDTH, 0.5), [4.0] * len(types))}
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        tensors |= {
            name + "attn_norm.weight": ones(WIDTH),
            name + "attn_q.weight": tensor(draw, WIDTH, WIDTH, 0.2),
            name + "attn_k.weight": tensor(draw, KV_HEADS * head, WIDTH, 0.2),
            name + "attn_v.weight": tensor(draw, KV_HEADS * head, WIDTH, 0.2),
            name + "attn_output.weight": tensor(draw, WIDTH, WIDTH, 0.1, unwritten=True),
            name + "ffn_norm.weight": ones(WIDTH),
            name + "ffn_gate.weight": tensor(draw, FFN, WIDTH, 0.2),
            name + "ffn_up.weight": tensor(draw, FFN, WIDTH, 0.2),
            name + "ffn_down.weight": tensor(draw, WIDTH, FFN, 0.1, unwritten=True),
        }
    tensors["output_norm.weight"] = ones(WIDTH)
    tensors["output.weight"] = set_column(tensor(draw, len(types), WIDTH, 0.4),
                                          [0.0 if kind == NORMAL else -10.0 for kind in types])
    return tensors


def make(path, template=None, words=False, middle=False, pooling=None):
    """Writes a model: template (its chat template), words (for vectors), middle (with tokens for /infill)."""
    rows = vocabulary(words, middle)
    keys = {
        "general.architecture": Text("llama"), "general.name": Text("tiny"), "general.file_type": U32(0),
        "llama.context_length": U32(CONTEXT), "llama.embedding_length": U32(WIDTH), "llama.block_count": U32(LAYERS),
        "llama.feed_forward_length": U32(FFN), "llama.attention.head_count": U32(HEADS),
        "llama.attention.head_count_kv": U32(KV_HEADS), "llama.attention.layer_norm_rms_epsilon": F32(1e-5),
        "llama.rope.dimension_count": U32(WIDTH // HEADS), "llama.vocab_size": U32(len(rows)),
        "tokenizer.ggml.model": Text("llama"),
        "tokenizer.ggml.tokens": Array(gguf_file.STRING, [row[0] for row in rows]),
        "tokenizer.ggml.scores": Array(6, [row[1] for row in rows]),
        "tokenizer.ggml.token_type": Array(5, [row[2] for row in rows]),
        "tokenizer.ggml.bos_token_id": U32(1), "tokenizer.ggml.eos_token_id": U32(2),
        "tokenizer.ggml.unknown_token_id": U32(0), "tokenizer.ggml.add_bos_token": gguf_file.Value(7, True),
        "tokenizer.ggml.add_eos_token": gguf_file.Value(7, words),
    }
    if template is not None:
        keys["tokenizer.chat_template"] = Text(template)
    if pooling is not None:
        keys["llama.pooling_type"] = U32(pooling)
    draw = random.Random(1)
    return File(keys, weights(draw, [row[2] for row in rows])).write(Path(path))
