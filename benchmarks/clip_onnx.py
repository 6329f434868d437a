"""The two towers of a CLIP in a Hugging Face directory as ONNX graphs, with the same weights in fp32, and the runtimes that
run them: onnxruntime and OpenVINO. A batch may have any size."""
import json
import math
import os
import pathlib

OPSET = 17


def read_weights(model):
    import numpy as np
    path = pathlib.Path(model) / "model.safetensors"
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    data = np.memmap(path, np.float32, "r", offset=8 + size)
    return {name: np.array(data[entry["data_offsets"][0] // 4:entry["data_offsets"][1] // 4]).reshape(entry["shape"])
            for name, entry in header.items()}


class Graph:
    """Nodes one after another; each method gives the name of what it computes."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], {}

    def node(self, kind, *inputs, **attributes):
        from onnx import helper
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value, name=None):
        name = name or f"constant_{len(self.constants)}"
        self.constants[name] = value
        return name

    def integers(self, *values):
        import numpy as np
        return self.constant(np.array(values, np.int64))

    def linear(self, x, name):
        y = self.node("MatMul", x, self.constant(self.weights[name + ".weight"].T.copy(), name + ".weight"))
        return self.node("Add", y, self.constant(self.weights[name + ".bias"], name + ".bias")) if name + ".bias" in self.weights else y

    def norm(self, x, name):
        parts = [self.constant(self.weights[f"{name}.{part}"], f"{name}.{part}") for part in ("weight", "bias")]
        return self.node("LayerNormalization", x, *parts, axis=-1, epsilon=1e-5)

    def tower(self, x, name, config, mask=None):
        import numpy as np
        heads = config["num_attention_heads"]
        width = config["hidden_size"] // heads
        for i in range(config["num_hidden_layers"]):
            layer = f"{name}.encoder.layers.{i}"
            h = self.norm(x, layer + ".layer_norm1")

            def part(letter, order):
                rows = self.node("Reshape", self.linear(h, f"{layer}.self_attn.{letter}_proj"), self.integers(0, 0, heads, width))
                return self.node("Transpose", rows, perm=order)

            scores = self.node("MatMul", part("q", [0, 2, 1, 3]), part("k", [0, 2, 3, 1]))
            scores = self.node("Mul", scores, self.constant(np.float32(1 / math.sqrt(width))))
            if mask:
                scores = self.node("Add", scores, mask)
            mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), part("v", [0, 2, 1, 3]))
            mixed = self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), self.integers(0, 0, heads * width))
            x = self.node("Add", x, self.linear(mixed, layer + ".self_attn.out_proj"))
            h = self.linear(self.norm(x, layer + ".layer_norm2"), layer + ".mlp.fc1")
            gate = self.node("Sigmoid", self.node("Mul", h, self.constant(np.float32(1.702))))
            x = self.node("Add", x, self.linear(self.node("Mul", h, gate), layer + ".mlp.fc2"))
        return x

    def write(self, path, source, kind, shape, result):
        import onnx
        from onnx import helper, numpy_helper
        graph = helper.make_graph(
            self.nodes, path.stem, [helper.make_tensor_value_info(source, kind, shape)],
            [helper.make_tensor_value_info(result, onnx.TensorProto.FLOAT, ["B", None])],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8), path)


def export(model, folder):
    """vision.onnx: pixels (B, 3, S, S) to (B, D); text.onnx: ids (B, context) to (B, D), read at token 12. Not normalised."""
    import numpy as np
    import onnx
    model = pathlib.Path(model)
    config, weights = json.loads((model / "config.json").read_text()), read_weights(model)
    vision, text = config["vision_config"], config["text_config"]
    size, patch, width = vision["image_size"], vision["patch_size"], vision["hidden_size"]
    g, e = Graph(weights), "vision_model.embeddings."
    x = g.node("Conv", "pixels", g.constant(weights[e + "patch_embedding.weight"]), kernel_shape=[patch, patch], strides=[patch, patch])
    x = g.node("Transpose", g.node("Reshape", x, g.integers(0, 0, -1)), perm=[0, 2, 1])
    shape = g.node("Concat", g.node("Shape", "pixels", start=0, end=1), g.integers(1, width), axis=0)
    token = g.node("Expand", g.constant(weights[e + "class_embedding"].reshape(1, 1, width)), shape)
    x = g.node("Add", g.node("Concat", token, x, axis=1), g.constant(weights[e + "position_embedding.weight"]))
    x = g.tower(g.norm(x, "vision_model.pre_layrnorm"), "vision_model", vision)
    x = g.norm(g.node("Gather", x, g.constant(np.int64(0)), axis=1), "vision_model.post_layernorm")
    g.write(folder / "vision.onnx", "pixels", onnx.TensorProto.FLOAT, ["B", 3, size, size], g.linear(x, "visual_projection"))

    g, e, context = Graph(weights), "text_model.embeddings.", text["max_position_embeddings"]
    x = g.node("Add", g.node("Gather", g.constant(weights[e + "token_embedding.weight"]), "ids", axis=0),
               g.constant(weights[e + "position_embedding.weight"]))
    mask = g.constant(np.triu(np.full((context, context), -1e9, np.float32), 1))
    x = g.tower(x, "text_model", text, mask)
    x = g.norm(g.node("Gather", x, g.constant(np.int64(12)), axis=1), "text_model.final_layer_norm")
    g.write(folder / "text.onnx", "ids", onnx.TensorProto.INT64, ["B", context], g.linear(x, "text_projection"))


def runtime(name, path):
    """What computes a batch: "onnxruntime", "openvino fp32" or "openvino bf16", on all cores."""
    if name == "onnxruntime":
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count()
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        source = session.get_inputs()[0].name
        return lambda batch: session.run(None, {source: batch})[0]
    import openvino
    precision = {"fp32": openvino.Type.f32, "bf16": openvino.Type.bf16}[name.split()[1]]
    compiled = openvino.Core().compile_model(str(path), "CPU", {
        "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": os.cpu_count(), "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": 1})
    return lambda batch: compiled(batch)[0]


RUNTIMES = ("onnxruntime", "openvino fp32", "openvino bf16")
