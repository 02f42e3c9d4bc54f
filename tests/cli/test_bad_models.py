"""Models that cannot be run: each is refused at once, with the status that belongs to it and words that say what is
wrong; nothing crashes, nothing is written."""
import time

import gguf_file
import pytest
from gguf_file import F32, U32, Array, Text, Value

BOOL, I32, U32_TYPE = 7, 5, 4


@pytest.fixture
def changed(goldens, tmp_path):
    """changed("llama", edit) is the path of that golden model after edit(file)."""
    def make(name, edit):
        file = gguf_file.read(goldens / f"models/{name}.gguf")
        edit(file)
        return file.write(tmp_path / "changed.gguf")
    return make


@pytest.fixture
def refused(bastide, tmp_path):
    """refused(model, status, words...) checks that eval says all the words and ends with the status, soon."""
    def check(model, status, *words, options=(), **others):
        start = time.monotonic()
        said = bastide("eval", model, "--tokens", "-", "--logits", "out", *options, stdin=b"[1, 2, 3]", **others)
        took = time.monotonic() - start
        text = said.stderr.decode()
        assert said.returncode == status, text
        for word in words:
            assert word in text
        assert text.startswith("bastide: ") and text.count("\n") == 1
        assert said.stdout == b""
        assert list(tmp_path.glob("out*")) == []
        assert took < 30
        return text
    return check


def test_the_writer_writes_what_it_read(goldens):
    for path in sorted((goldens / "models").glob("*.gguf")):
        assert gguf_file.read(path).bytes() == path.read_bytes(), path.name


# ---- what is no model at all -----------------------------------------------------------------------------------------

def test_no_such_file(refused, tmp_path):
    refused(tmp_path / "none.gguf", 3, "none.gguf")


def test_a_folder(refused, tmp_path):
    (tmp_path / "folder.gguf").mkdir()
    refused(tmp_path / "folder.gguf", 3, "folder.gguf")


@pytest.mark.parametrize("content", [b"", b"G", b"GGUF", b"hello, I am a text\n" * 10, bytes(1000), b"\xff" * 1000])
def test_other_files(refused, tmp_path, content):
    (tmp_path / "other.gguf").write_bytes(content)
    refused(tmp_path / "other.gguf", 3, "other.gguf")


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5, 0.9, 0.99])
def test_a_cut_file(refused, goldens, tmp_path, share):
    whole = (goldens / "models/llama.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[:int(len(whole) * share)])
    refused(tmp_path / "cut.gguf", 3, "cut.gguf")


# ---- keys ------------------------------------------------------------------------------------------------------------

KEYS = [
    ("general.architecture", None, "key general.architecture is missing"),
    ("general.architecture", Text("mamba9"), "architecture mamba9 is not supported"),
    ("general.architecture", Text(""), "general.architecture"),
    ("general.architecture", Text(b"\x1b[2J\xff"), "is not supported"),
    ("general.architecture", Text("a" * 100000), "is not supported"),
    ("general.architecture", U32(1), "general.architecture"),
    ("general.architecture", Text("gemma3"), "gemma3.block_count is missing"),
    ("llama.block_count", None, "llama.block_count is missing"),
    ("llama.block_count", U32(0), "llama.block_count"),
    ("llama.block_count", U32(4), "blk.3.attn_q.weight is missing"),
    ("llama.block_count", U32(2), "of no known use"),
    ("llama.block_count", U32(1025), "llama.block_count"),
    ("llama.block_count", U32(0xFFFFFFFF), "llama.block_count"),
    ("llama.block_count", Text("3"), "llama.block_count"),
    ("llama.block_count", Array(U32_TYPE, [3]), "llama.block_count"),
    ("llama.context_length", None, "llama.context_length is missing"),
    ("llama.context_length", U32(0), "llama.context_length"),
    ("llama.context_length", U32(0xFFFFFFFF), "llama.context_length"),
    ("llama.embedding_length", U32(0), "llama.embedding_length"),
    ("llama.embedding_length", U32(63), "rope of 16 dimensions in heads of 15"),
    ("llama.embedding_length", U32(128), "blk.0.attn_q.weight: 128 x 128 expected, found 64 x 64"),
    ("llama.embedding_length", U32(0xFFFFFFFF), "llama.embedding_length"),
    ("llama.feed_forward_length", None, "llama.feed_forward_length is missing"),
    ("llama.feed_forward_length", U32(0), "llama.feed_forward_length"),
    ("llama.feed_forward_length", U32(127), "ffn_gate.weight"),
    ("llama.feed_forward_length", Array(U32_TYPE, [128, 128, 64]), "layers that differ in it are not supported"),
    ("llama.feed_forward_length", Array(U32_TYPE, [128]), "llama.feed_forward_length"),
    ("llama.feed_forward_length", Array(U32_TYPE, []), "llama.feed_forward_length"),
    ("llama.feed_forward_length", Array(I32, [-1, -1, -1]), "llama.feed_forward_length"),
    ("llama.feed_forward_length", Array(8, ["a", "b", "c"]), "llama.feed_forward_length"),
    ("llama.attention.head_count", None, "llama.attention.head_count is missing"),
    ("llama.attention.head_count", U32(0), "llama.attention.head_count"),
    ("llama.attention.head_count", U32(1), "1 heads can't share 2"),
    ("llama.attention.head_count", U32(2), "blk.0.attn_k.weight"),
    ("llama.attention.head_count", U32(4096), "heads of 0 keys"),
    ("llama.attention.head_count", U32(0xFFFFFFFF), "llama.attention.head_count"),
    ("llama.attention.head_count", Array(U32_TYPE, [4, 4, 4]), "llama.attention.head_count"),
    ("llama.attention.head_count_kv", U32(0), "llama.attention.head_count_kv"),
    ("llama.attention.head_count_kv", U32(3), "can't share"),
    ("llama.attention.head_count_kv", U32(4), "blk.0.attn_k.weight"),
    ("llama.attention.head_count_kv", U32(0xFFFFFFFF), "llama.attention.head_count_kv"),
    ("llama.attention.key_length", U32(1025), "llama.attention.key_length"),
    ("llama.attention.key_length", U32(0), "llama.attention.key_length"),
    ("llama.attention.value_length", U32(8), "heads of 16 keys and 8 values are not supported"),
    ("llama.attention.layer_norm_rms_epsilon", F32(float("nan")), "layer_norm_rms_epsilon"),
    ("llama.attention.layer_norm_rms_epsilon", F32(-1), "layer_norm_rms_epsilon"),
    ("llama.rope.dimension_count", U32(17), "rope of 17 dimensions"),
    ("llama.rope.dimension_count", U32(18), "rope of 18 dimensions"),
    ("llama.rope.dimension_count", U32(0), "llama.rope.dimension_count"),
    ("llama.rope.freq_base", F32(float("inf")), "llama.rope.freq_base"),
    ("llama.rope.freq_base", F32(0), "llama.rope.freq_base"),
    ("llama.rope.scaling.type", Text("yarn"), "rope scaling yarn is not supported"),
    ("llama.rope.scaling.type", Text("longrope"), "rope scaling longrope is not supported"),
    ("llama.rope.scaling.factor", F32(0), "llama.rope.scaling.factor"),
    ("llama.expert_count", U32(8), "mixtures of experts are not supported (llama.expert_count = 8)"),
    ("general.alignment", U32(3), "general.alignment"),
    ("general.alignment", U32(0), "general.alignment"),
]


@pytest.mark.parametrize("key, value, words", KEYS)
def test_keys_that_make_no_model_are_named(refused, changed, key, value, words):
    def edit(file):
        file.keys.pop(key, None)
        if value is not None:
            file.keys[key] = value
    refused(changed("llama", edit), 3, words)


EDGES = {4: [0, 1, 3, 255, 1 << 28, (1 << 32) - 1],
         6: [0.0, 1e-30, 1e30, float("inf"), float("nan")]}


@pytest.mark.parametrize("name", ["llama", "llama-q4_k", "gemma3-linear"])
def test_numbers_at_the_edges_are_refused_or_run(bastide, goldens, tmp_path, name):
    """Whatever a key says, the program ends by itself, soon, and with a status of its own."""
    whole = gguf_file.read(goldens / f"models/{name}.gguf")
    for key, value in list(whole.keys.items()):
        for edge in EDGES.get(value.type, []):
            whole.keys[key] = Value(value.type, edge)
            model = whole.write(tmp_path / "changed.gguf")
            bastide("eval", model, "--tokens", "-", "--logits", "out", stdin=str([7] * 40).encode(), timeout=20,
                    env={"BASTIDE_MEMORY": "500M"})
        whole.keys[key] = value


WINDOWS = "gemma3.attention.sliding_window_pattern"


@pytest.mark.parametrize("value, words", [
    (Array(BOOL, [True] * 6), "7 values are expected, one a layer, found 6"),
    (Array(8, ["yes"] * 7), "an array of booleans is expected"),
    (Text("all"), WINDOWS),
    (U32(0), WINDOWS),
])
def test_patterns_of_windows_that_make_no_sense_are_named(refused, changed, value, words):
    refused(changed("gemma3", lambda file: file.keys.update({WINDOWS: value})), 3, words)


# ---- tensors ---------------------------------------------------------------------------------------------------------

def rename(old, new):
    return lambda file: file.tensors.update({new: file.tensors.pop(old)})


def drop(name):
    return lambda file: file.tensors.pop(name)


def add(name, like):
    return lambda file: file.tensors.update({name: file.tensors[like]})


def set_tensor(name, **fields):
    def edit(file):
        for field, value in fields.items():
            setattr(file.tensors[name], field, value)
    return edit


TENSORS = [
    (drop("token_embd.weight"), "token_embd.weight is missing"),
    (drop("output_norm.weight"), "output_norm.weight is missing"),
    (drop("blk.1.ffn_down.weight"), "blk.1.ffn_down.weight is missing"),
    (drop("blk.2.attn_norm.weight"), "blk.2.attn_norm.weight is missing"),
    (add("blk.0.attn_sinks.weight", "blk.0.attn_norm.weight"), "1 of its"),
    (add("blk.3.attn_norm.weight", "blk.0.attn_norm.weight"), "of no known use in a llama model"),
    (rename("output_norm.weight", "a" * 60), "output_norm.weight is missing"),
    (lambda file: file.tensors.clear(), "token_embd.weight is missing"),
    (set_tensor("blk.0.attn_q.weight", shape=[64, 63]), "blk.0.attn_q.weight: 64 x 64 expected, found 64 x 63"),
    (set_tensor("blk.0.attn_q.weight", shape=[32, 128]), "blk.0.attn_q.weight: 64 x 64 expected, found 32 x 128"),
    (set_tensor("blk.0.attn_q.weight", shape=[64, 32, 2]), "found 64 x 32 x 2"),
    (set_tensor("blk.0.attn_norm.weight", shape=[32]), "blk.0.attn_norm.weight: 64 x 1 expected"),
    (set_tensor("output_norm.weight", shape=[1, 64]), "output_norm.weight: 64 x 1 expected"),
    (set_tensor("output.weight", shape=[64, 255]), "output.weight"),
    (set_tensor("token_embd.weight", shape=[64, 0]), "token_embd.weight"),
    (set_tensor("token_embd.weight", shape=[64, 1 << 40]), "token_embd.weight"),
    (set_tensor("token_embd.weight", shape=[1 << 32, 1 << 32]), "token_embd.weight"),
    (set_tensor("token_embd.weight", shape=[1 << 63, 2]), "token_embd.weight"),
    (set_tensor("token_embd.weight", shape=[2, 2, 2, 2, 2]), "token_embd.weight"),
    (set_tensor("blk.0.attn_q.weight", offset=1), "blk.0.attn_q.weight"),
    (set_tensor("blk.0.attn_q.weight", offset=1 << 40), "blk.0.attn_q.weight"),
    (set_tensor("blk.0.attn_q.weight", offset=(1 << 64) - 32), "blk.0.attn_q.weight"),
    (set_tensor("output_norm.weight", offset=577536), "output_norm.weight"),
    (set_tensor("blk.0.attn_q.weight", format=10, shape=[256, 16], data=bytes(16 * 84)), "blk.0.attn_q.weight"),
    (set_tensor("blk.0.attn_q.weight", format=24, data=bytes(4096)), "blk.0.attn_q.weight"),
    (set_tensor("blk.0.attn_q.weight", format=4), "blk.0.attn_q.weight"),
    (set_tensor("blk.0.attn_q.weight", format=99), "blk.0.attn_q.weight"),
    (set_tensor("blk.0.attn_q.weight", format=0xFFFFFFFF), "blk.0.attn_q.weight"),
]


@pytest.mark.parametrize("edit, words", TENSORS)
def test_tensors_that_make_no_model_are_named(refused, changed, edit, words):
    refused(changed("llama", edit), 3, words)


@pytest.mark.parametrize("number, name, block_bytes", [
    (10, "Q2_K", 84), (11, "Q3_K", 110), (16, "IQ2_XXS", 66), (23, "IQ4_XS", 136), (35, "TQ2_0", 66)])
def test_formats_that_are_known_by_name_only_are_named(refused, changed, number, name, block_bytes):
    edit = set_tensor("blk.0.attn_q.weight", format=number, data=bytes(256 * block_bytes))
    refused(changed("llama-q4_k", edit), 3, f"blk.0.attn_q.weight: format {name} is not supported yet")


# ---- memory ----------------------------------------------------------------------------------------------------------

def test_too_little_memory_says_how_much_and_what_would_fit(refused, goldens):
    refused(goldens / "models/llama.gguf", 3, "not enough memory", "needed", "available", "a model of at most",
            env={"BASTIDE_MEMORY": "10M"})


def test_a_context_that_does_not_fit_is_answered_with_one_that_does(bastide, refused, changed, tmp_path):
    model = changed("llama", lambda file: file.keys.update({"llama.context_length": U32(1 << 20)}))
    text = refused(model, 3, "not enough memory", "for a context of 1000000 tokens", "--context",
                   options=["--context", 1000000], env={"BASTIDE_MEMORY": "200M"})
    fits = int(text.split("(--context ")[1].split(")")[0])
    assert 512 <= fits < 1000000
    for context, status in [(fits, 0), (fits + 32, 3)]:
        said = bastide("eval", model, "--tokens", "-", "--logits", "out", "--context", context, stdin=b"[1, 2, 3]",
                       env={"BASTIDE_MEMORY": "200M"})
        assert said.returncode == status, said.stderr


def test_real_models_need_more_than_50_megabytes(refused, gemma):
    refused(gemma, 3, "not enough memory", "needed", "available: close other programs, or use a model of at most",
            env={"BASTIDE_MEMORY": "50M"})


# ---- settings --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("value", ["nonsense", "", "AVX2", "scalar "])
def test_an_instruction_set_that_is_none_is_wrong_use(refused, goldens, value):
    refused(goldens / "models/llama.gguf", 2, f"BASTIDE_CPU={value}: scalar, avx2 or avx512 is wanted",
            env={"BASTIDE_CPU": value})


# ---- weights that are no numbers -------------------------------------------------------------------------------------

PATTERNS = {"ones": b"\xff", "infinite in float16": b"\x00\x7c", "infinite in float32": b"\x00\x00\x80\x7f",
            "zero": b"\x00", "largest": b"\xff\x7b\xff\x7b", "alternating": b"\xff\x7f\x00\x80\x01\x00"}


@pytest.mark.parametrize("level", ["scalar", "avx2", "avx512"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", ["llama", "llama-q4_1", "llama-q4_k", "llama-q6_k", "gemma3", "gemma3-q8_0"])
def test_weights_that_are_no_numbers_end_normally(bastide, changed, name, pattern, level):
    """The logits mean nothing then, but nothing may be read or written that is not there, nor any number be turned into
    an integer that cannot hold it (which the builds with sanitizers see)."""
    def edit(file):
        for tensor in file.tensors.values():
            tensor.data = (PATTERNS[pattern] * len(tensor.data))[:len(tensor.data)]
    model = changed(name, edit)
    said = bastide("eval", model, "--tokens", "-", "--logits", "out", stdin=str([7] * 40).encode(),
                   env={"BASTIDE_CPU": level})
    if b"this processor has" in said.stderr:
        pytest.skip(f"this processor has no {level}")
    assert said.returncode == 0, said.stderr
