"""Writes the seeds of the gguf target, small files that together use each part of the format, to the folder named.

    /usr/bin/python3 fuzz/corpus/gguf.py fuzz/corpus/gguf
"""
import pathlib
import struct
import sys

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
PACKED = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def value(kind, it):
    return text(it) if kind == STRING else struct.pack("<" + PACKED[kind], it)


def key(name, kind, it):
    return text(name) + struct.pack("<I", kind) + value(kind, it)


def array(name, kind, items):
    head = text(name) + struct.pack("<IIQ", ARRAY, kind, len(items))
    return head + b"".join(value(kind, it) for it in items)


def tensor(name, shape, number, offset):
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, number, offset)


def file(keys=(), tensors=(), data=b"", version=3, alignment=32):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys)) + b"".join(keys) + b"".join(tensors)
    return head + bytes(-len(head) % alignment) + data if tensors else head


SEEDS = {
    "empty": file(),
    "version2": file([key("general.architecture", STRING, "llama"), key("llama.block_count", U32, 2)], version=2),
    "types": file([
        key("u8", U8, 255), key("i8", I8, -128), key("u16", U16, 65535), key("i16", I16, -32768),
        key("u32", U32, 2**32 - 1), key("i32", I32, -2**31), key("f32", F32, 0.5), key("bool", BOOL, True),
        key("string", STRING, "é"), key("u64", U64, 2**64 - 1), key("i64", I64, -2**63), key("f64", F64, 1e-5)]),
    "arrays": file([
        array("strings", STRING, ["<s>", "", "▁the"]), array("floats", F32, [0.0, -1.5]), array("bytes", U8, [1, 2, 3]),
        array("bools", BOOL, [True, False]), array("longs", I64, [-1]), array("none", I32, []),
        key("tokenizer.chat_template", STRING, "{{ messages[0].content }}")]),
    "tensors": file(
        tensors=[tensor("token_embd.weight", [32, 4], 8, 0), tensor("output_norm.weight", [8], 0, 160),
                 tensor("blk.0.ffn_up.weight", [2, 2, 2, 2], 1, 192)],
        data=bytes(range(256))[:224]),
    "aligned": file([key("general.alignment", U32, 64)],
                    [tensor("a", [4], 0, 64), tensor("b", [1], 24, 0)], bytes(80), alignment=64),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for name, content in SEEDS.items():
        (folder / f"{name}.gguf").write_bytes(content)
