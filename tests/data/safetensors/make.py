#!/usr/bin/env python3
"""Writes reference.safetensors with the reference library: one tensor of each type that torch and the format share.

Element i of each tensor is i - 3 (unsigned: i), the booleans are i odd; tests/safetensors_test.cpp knows that rule.
"""
import pathlib

import torch
from safetensors.torch import save_file

types = {
    "f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64,
    "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8, "bool": torch.bool,
}


def values(type):
    i = torch.arange(6)
    if type == torch.bool:
        return i % 2 == 1
    return (i if type == torch.uint8 else i - 3).to(type)


tensors = {name: values(type).reshape(2, 3) for name, type in types.items()}
tensors["scalar"] = torch.tensor(2.5)
tensors["empty"] = torch.zeros(0, 4)
tensors["näme with \"quotes\""] = torch.ones(1)
save_file(tensors, pathlib.Path(__file__).parent / "reference.safetensors", metadata={"format": "pt", "note": "ü"})
