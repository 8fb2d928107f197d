"""Graph: an ONNX graph under construction. Activations are (T, width) f32; every method returns the name of its result.

Matrices are stored once. With `int8` they are int8 with one scale per output, and the activations of each token are rounded to 8 bits with
a scale of their own, so that no token's result depends on which others share its call.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 18, 10
END = np.iinfo(np.int64).max


class Graph:
    def __init__(self, weights: dict[str, np.ndarray], int8: bool):
        self.weights = weights
        self.int8 = int8
        self.nodes = []
        self.initializers = {}
        self.inputs, self.outputs = [], []
        self.derived = {}

    def op(self, kind: str, *inputs: str, outputs: int = 1, named: str | None = None, **attributes):
        """Adds a node; returns its output, or the list of them. `named` names the one output."""
        at = len(self.nodes)
        names = [named] if named else [f"v{at}" if i == 0 else f"v{at}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def input(self, name: str, kind: int, shape: list) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, shape: list) -> None:
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def store(self, name: str, value: np.ndarray) -> str:
        self.initializers.setdefault(name, np.ascontiguousarray(value))
        return name

    def constant(self, value, kind=np.float32) -> str:
        """A small constant; equal ones are stored once."""
        array = np.asarray(value, kind)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.derived:
            self.derived[key] = self.store(f"c{len(self.derived)}", array)
        return self.derived[key]

    def ints(self, *values: int) -> str:
        return self.constant(values, np.int64)

    def weight(self, name: str, shape: tuple[int, ...] | None = None) -> str:
        """A vector of the checkpoint as it is."""
        value = self.weights[name].astype(np.float32)
        return self.store(name, value if shape is None else value.reshape(shape))

    def reshape(self, x: str, *shape: int) -> str:
        return self.op("Reshape", x, self.ints(*shape))

    def slice(self, x: str, start: int, end: int, axis: int) -> str:
        return self.op("Slice", x, self.ints(start), self.ints(end), self.ints(axis))

    def split(self, x: str, *sizes: int) -> list[str]:
        """Along the last axis."""
        return self.op("Split", x, self.ints(*sizes), outputs=len(sizes), axis=-1)

    def silu(self, x: str) -> str:
        return self.op("Mul", x, self.op("Sigmoid", x))

    def rms_norm(self, x: str, name: str, epsilon: float, groups: int = 1) -> str:
        width = self.weights[name].size
        grouped = self.reshape(x, -1, groups, width // groups) if groups > 1 else x
        square = self.op("Pow", grouped, self.constant(2))
        mean = self.op("ReduceMean", square, self.ints(-1), keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.constant(epsilon)))
        normed = self.op("Div", grouped, root)
        flat = self.reshape(normed, -1, width) if groups > 1 else normed
        return self.op("Mul", flat, self.weight(name))

    def embed(self, ids: str, name: str) -> str:
        if not self.int8:
            return self.op("Gather", self.weight(name), ids)
        columns, scales = self.quantized(name)
        x = self.op("Transpose", self.op("Gather", columns, ids, axis=1), perm=[1, 0])
        scale = self.op("Unsqueeze", self.op("Gather", scales, ids), self.ints(-1))
        return self.op("Mul", self.op("Cast", x, to=TensorProto.FLOAT), scale)

    def linear(self, x: str, name: str) -> str:
        """x Wᵀ + b of a layer `name` (without ".weight")."""
        bias = [self.weight(f"{name}.bias")] if f"{name}.bias" in self.weights else []
        if not self.int8:
            return self.op("Gemm", x, self.weight(f"{name}.weight"), *bias, transB=1)
        y = self.multiply_int8(x, f"{name}.weight")
        return self.op("Add", y, bias[0]) if bias else y

    def quantized(self, name: str) -> tuple[str, str]:
        """int8 columns (C, R), as MatMulInteger takes them, and the scale of each output (R)."""
        if f"{name}.int8" not in self.initializers:
            value = self.weights[name].astype(np.float32)
            scale = np.maximum(np.abs(value).max(axis=1), 1e-30) / 127
            self.store(f"{name}.int8", np.rint(value / scale[:, None]).astype(np.int8).T)
            self.store(f"{name}.scale", scale)
        return f"{name}.int8", f"{name}.scale"

    def multiply_int8(self, x: str, name: str) -> str:
        columns, scales = self.quantized(name)
        q, scale = self.round_rows(x)
        product = self.op("MatMulInteger", q, columns, self.constant(128, np.uint8))
        return self.op("Mul", self.op("Mul", self.op("Cast", product, to=TensorProto.FLOAT), scale), scales)

    def round_rows(self, x: str) -> tuple[str, str]:
        """uint8 around 128 with one scale per row; computed once for the matrices that share an input."""
        if ("rounded", x) not in self.derived:
            largest = self.op("ReduceMax", self.op("Abs", x), self.ints(-1), keepdims=1)
            scale = self.op("Div", self.op("Max", largest, self.constant(1e-30)), self.constant(127))
            shifted = self.op("Add", self.op("Round", self.op("Div", x, scale)), self.constant(128))
            self.derived["rounded", x] = self.op("Cast", shifted, to=TensorProto.UINT8), scale
        return self.derived["rounded", x]

    def model(self, name: str):
        tensors = [numpy_helper.from_array(value, key) for key, value in self.initializers.items()]
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, tensors)
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="rivulet")
