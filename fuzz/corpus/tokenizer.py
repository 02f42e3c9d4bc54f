"""Writes the seeds of the tokenizer target, small vocabularies with a text, to the folder named.

    /usr/bin/python3 fuzz/corpus/tokenizer.py fuzz/corpus/tokenizer
"""
import pathlib
import sys

from gguf import BOOL, F32, I32, STRING, U32, array, file, key

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)

WORDS = ["h", "e", "l", "o", "Ġ", "1", "Ċ", "'", "s", "he", "ll", "llo", "hello", "Ġhello", "Ã", "©", "Ã©", "ĊĊ"]
MERGES = ["h e", "l l", "ll o", "he llo", "Ġ hello", "Ã ©", "Ċ Ċ", "s s"]
MARKS = ["<|im_start|>", "<|im_end|>", "  ", "   ", "\n\n", "\n\n\n"]
PIECES = [("<unk>", UNKNOWN, 0), ("<s>", CONTROL, 0), ("</s>", CONTROL, 0), ("<0x0A>", BYTE, 0), ("<0xC3>", BYTE, 0),
          ("<0xA9>", BYTE, 0), ("h", NORMAL, -9), ("e", NORMAL, -9), ("l", NORMAL, -9), ("o", NORMAL, -9),
          ("▁", NORMAL, -9), ("he", NORMAL, -1), ("ll", NORMAL, -2), ("llo", NORMAL, -3), ("▁hello", NORMAL, -5),
          ("hello", NORMAL, -4), ("▁▁", USER_DEFINED, 0), ("\n\n", USER_DEFINED, 0), ("<end_of_turn>", CONTROL, 0)]
TEXT = "hello  hello\n\n\n é1's <|im_start|>hell<|im_end|></s>▁ hello"


def tokenizer(name, kind, it):
    return key("tokenizer.ggml." + name, kind, it)


def bpe(pre):
    types = [NORMAL] * len(WORDS) + [CONTROL] * 2 + [USER_DEFINED] * 4
    return file([tokenizer("model", STRING, "gpt2"), tokenizer("pre", STRING, pre),
                 array("tokenizer.ggml.tokens", STRING, WORDS + MARKS),
                 array("tokenizer.ggml.token_type", I32, types), array("tokenizer.ggml.merges", STRING, MERGES),
                 tokenizer("bos_token_id", U32, len(WORDS)), tokenizer("eos_token_id", U32, len(WORDS) + 1),
                 tokenizer("add_bos_token", BOOL, True), key("text", STRING, TEXT)])


def spm(adds_space):
    return file([tokenizer("model", STRING, "llama"),
                 array("tokenizer.ggml.tokens", STRING, [text for text, _, _ in PIECES]),
                 array("tokenizer.ggml.token_type", I32, [kind for _, kind, _ in PIECES]),
                 array("tokenizer.ggml.scores", F32, [score for _, _, score in PIECES]),
                 tokenizer("add_space_prefix", BOOL, adds_space), tokenizer("add_eos_token", BOOL, True),
                 key("text", STRING, TEXT)])


SEEDS = {"gpt2": bpe("gpt-2"), "smollm": bpe("smollm"), "llama3": bpe("llama-bpe"), "qwen2": bpe("qwen2"),
         "llama": spm(True), "gemma": spm(False)}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for name, content in SEEDS.items():
        (folder / f"{name}.gguf").write_bytes(content)
