"""A GGUF file as Python data, to be changed and written again: for tests that need a model with one thing wrong.

    file = gguf_file.read(path)
    file.keys["llama.block_count"] = gguf_file.U32(7)
    file.tensors["output_norm.weight"].shape = [63]
    file.write(changed)

What is written is what was asked for, right or wrong; nothing is checked. Source: ggml/docs/gguf.md.
"""
import struct
from dataclasses import dataclass, field

ALIGNMENT = 32
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 12: (256, 144),
          13: (256, 176), 14: (256, 210), 30: (1, 2)}  # format: values, bytes
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9


@dataclass
class Value:
    """A key's value with its type in the file; an array has its elements' type too."""
    type: int
    value: object
    element: int = 0

    def bytes(self):
        if self.type != ARRAY:
            return _packed(self.type, self.value)
        return struct.pack("<IQ", self.element, len(self.value)) + b"".join(
            _packed(self.element, value) for value in self.value)


def U32(number):
    return Value(4, number)


def F32(number):
    return Value(6, number)


def Text(text):
    return Value(STRING, text)


def Array(element, values):
    return Value(ARRAY, values, element)


@dataclass
class Tensor:
    format: int
    shape: list
    data: bytes
    offset: int | None = None  # where the file says that it lies; None: where it does


@dataclass
class File:
    keys: dict = field(default_factory=dict)
    tensors: dict = field(default_factory=dict)
    version: int = 3

    def bytes(self):
        head = struct.pack("<4sIQQ", b"GGUF", self.version, len(self.tensors), len(self.keys))
        for name, value in self.keys.items():
            head += _packed(STRING, name) + struct.pack("<I", value.type) + value.bytes()
        data = b""
        for name, tensor in self.tensors.items():
            head += _packed(STRING, name) + struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
            head += struct.pack("<IQ", tensor.format, len(data) if tensor.offset is None else tensor.offset)
            data += _padded(tensor.data)
        return _padded(head) + data

    def write(self, path):
        path.write_bytes(self.bytes())
        return path


def read(path):
    return _Reader(path.read_bytes()).file()


def _padded(data):
    return data + bytes(-len(data) % ALIGNMENT)


def _packed(kind, value):
    if kind != STRING:
        return struct.pack("<" + SCALARS[kind], value)
    text = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(text)) + text


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def value(self, kind):
        if kind != STRING:
            return self.take(SCALARS[kind])
        length = self.take("Q")
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def typed(self):
        kind = self.take("I")
        if kind != ARRAY:
            return Value(kind, self.value(kind))
        element, count = self.take("IQ")
        return Array(element, [self.value(element) for _ in range(count)])

    def file(self):
        _, version, tensors, keys = self.take("4sIQQ")
        out = File(version=version)
        for _ in range(keys):
            name = self.value(STRING)
            out.keys[name] = self.typed()
        places = {}
        for _ in range(tensors):
            name, dimensions = self.value(STRING), self.take("I")
            shape = [self.take("Q") for _ in range(dimensions)]
            out.tensors[name] = Tensor(self.take("I"), shape, b"")
            places[name] = self.take("Q")
        start = -(-self.at // ALIGNMENT) * ALIGNMENT
        for name, tensor in out.tensors.items():
            values = 1
            for extent in tensor.shape:
                values *= extent
            block, size = BLOCKS[tensor.format]
            begin = start + places[name]
            tensor.data = self.data[begin:begin + values // block * size]
        return out
