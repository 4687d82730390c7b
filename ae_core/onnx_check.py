"""Looks through an ONNX file before ONNX Runtime gets it, without either's library: a reader of its few message types.

What Keras exports for our networks is a plain chain of a few operators with its weights inside. A file with anything
else (a loop, weights in other files, an array that claims more than it holds) is none of ours.
"""

import math
from collections.abc import Iterator

# What the exported encoders and decoders consist of, with all activations of a code.
OPERATORS = """
    Add Cast Concat Constant Conv ConvTranspose Gather Identity MatMul MaxPool Pad Relu Reshape Shape Sigmoid Slice
    Squeeze Tanh Tile Transpose Unsqueeze
""".split()  # noqa: SIM905
ITEM_BYTES = {1: 4, 6: 4, 7: 8}  # float32, int32, int64, by ONNX's number of the type
MOST_ARRAYS = 500
MOST_NODES = 1000


def check(content: bytes, parameters: int) -> None:
    """Refuses a file that is no plain network of about that many parameters.

    Args:
        content: The file.
        parameters: How many numbers the run's encoder and decoder have together.

    Raises:
        ValueError: says what is wrong with it.
    """
    try:
        _check_model(memoryview(content), parameters)
    except IndexError:
        raise ValueError("it ends in the middle") from None


def _check_model(content: memoryview, parameters: int) -> None:
    graphs = [value for field, value, _ in _fields(content) if field == 7]
    if any(field in (20, 25) for field, _, _ in _fields(content)):
        raise ValueError("it brings functions of its own")
    if len(graphs) != 1:
        raise ValueError(f"it holds {len(graphs)} networks")
    nodes = arrays = numbers = 0
    for field, value, _ in _fields(graphs[0]):
        match field:
            case 1:
                nodes += 1
                numbers += _check_node(value)
            case 5:
                arrays += 1
                numbers += _check_tensor(value)
            case 15:
                raise ValueError("it holds sparse weights")
    if nodes > MOST_NODES or arrays > MOST_ARRAYS:
        raise ValueError(f"it has {nodes:,} steps and {arrays:,} arrays")
    most = parameters + 4 * MOST_ARRAYS
    if numbers > most:
        raise ValueError(f"it holds {numbers:,} numbers, at most {most:,} fit its network")


def _check_node(node: memoryview) -> int:
    """How many numbers one step of the network holds itself."""
    numbers = 0
    for field, value, _ in _fields(node):
        if field == 4 and (name := bytes(value[:40]).decode("latin-1")) not in OPERATORS:
            raise ValueError(f"it wants to do {name!r}")
        if field == 7 and bytes(value) not in (b"", b"ai.onnx"):
            raise ValueError("it wants an operator that is none of ONNX's own")
        if field == 5:
            for kind, inner, _ in _fields(value):
                if kind in (6, 11, 10, 22, 23):  # networks within, lists of arrays, sparse ones
                    raise ValueError("a step of it holds a network of its own")
                if kind == 5:
                    numbers += _check_tensor(inner)
    return numbers


def _check_tensor(tensor: memoryview) -> int:
    """How many numbers an array holds."""
    shape: list[int] = []
    kind, held = 0, 0
    for field, value, number in _fields(tensor):
        match field:
            case 1:
                shape.extend(_numbers(value) if value else [number])
            case 2:
                kind = number
            case 4:
                held += len(value) // 4
            case 5 | 7:
                held += sum(1 for _ in _numbers(value)) if value else 1
            case 9:
                held += len(value) // ITEM_BYTES.get(kind, 1)
            case 13 | 14 if value or number:
                raise ValueError("its weights are in another file")
            case 3 | 6 | 10 | 11:
                raise ValueError("an array of it holds what are no plain numbers")
    if kind not in ITEM_BYTES or math.prod(shape) != held:
        raise ValueError(f"an array of it claims shape {shape[:8]} and holds {held:,} numbers")
    return held


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview, int]]:
    """A message's fields in protobuf's encoding: each one's number and its bytes, or no bytes and the number it is."""
    at, end = 0, len(content)
    while at < end:
        tag, at = _number(content, at)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _number(content, at)
            yield field, content[:0], value
            continue
        if kind == 2:
            size, at = _number(content, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError("it is no ONNX")
        if at + size > end:
            raise ValueError("it ends in the middle")
        yield field, content[at : at + size], 0
        at += size


def _numbers(content: memoryview) -> Iterator[int]:
    at = 0
    while at < len(content):
        value, at = _number(content, at)
        yield value


def _number(content: memoryview, at: int) -> tuple[int, int]:
    """The number that begins there, seven bits a byte, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("it is no ONNX")
