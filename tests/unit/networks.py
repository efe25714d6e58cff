#!/usr/bin/python3 -B
"""networks.py FOLDER: networks as an operator might bring them, for test_local_networks.

One for each preset, in the form that its preset describes: it says that a person is where red, after
that network's own preparation of pictures, is above the middle. Its first answer is right, a second
one the opposite. And some that cannot be used.
"""
import sys
from pathlib import Path

try:
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    print("skipped: python3-onnx is not installed")
    sys.exit(77)

IMAGENET = (0.485, 0.229)
# name: side, mean and deviation of red, whether the answer is to be stretched
PRESETS = {"u2net": (320, *IMAGENET, True), "u2netp": (320, *IMAGENET, True),
           "u2net_human_seg": (320, *IMAGENET, True), "silueta": (320, *IMAGENET, True),
           "isnet": (1024, 0.5, 1, True), "modnet": (512, 0.5, 0.5, False),
           "selfie": (256, 0, 1, False)}
STEEP = 200


def network(side, mean, deviation, stretch, shrink=1, broken=False):
    def number(name, value):
        return numpy_helper.from_array(np.asarray(value, np.float32), name)

    weights = np.zeros((1, 3, 1, 1), np.float32)
    weights[0, 0, 0, 0] = STEEP * deviation
    low, high = (0.2, 0.3) if stretch else (0, 1)
    if broken:
        low = float("nan")
    nodes = [helper.make_node("Conv", ["input", "w", "b"], ["line"], kernel_shape=[1, 1],
                              strides=[shrink, shrink]),
             helper.make_node("Sigmoid", ["line"], ["step"]),
             helper.make_node("Mul", ["step", "minus"], ["less"]),
             helper.make_node("Add", ["less", "one"], ["second"]),
             helper.make_node("Mul", ["step", "high"], ["part"]),
             helper.make_node("Add", ["part", "low"], ["first"])]
    values = [number("w", weights), number("b", [STEEP * (mean - 0.5)]),
              number("minus", [-1]), number("one", [1]), number("high", [high]),
              number("low", [low])]
    shape = [1, 1, side // shrink, side // shrink]
    graph = helper.make_graph(
        nodes, "test", [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("first", "second")],
        values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)],
                             ir_version=6).SerializeToString()


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, how in PRESETS.items():
        (folder / f"{name}.onnx").write_bytes(network(*how))
    good = network(*PRESETS["u2net"])
    (folder / "plain.onnx").write_bytes(good)
    (folder / "text-u2net.onnx").write_text("this is no network\n" * 40)
    (folder / "short-u2net.onnx").write_bytes(good[:len(good) // 2])
    (folder / "empty-u2net.onnx").write_bytes(b"")
    (folder / "small-u2net.onnx").write_bytes(network(*PRESETS["u2net"], shrink=2))
    (folder / "nan-u2net.onnx").write_bytes(network(*PRESETS["u2net"], broken=True))


if __name__ == "__main__":
    main()
