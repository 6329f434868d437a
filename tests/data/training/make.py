#!/usr/bin/env python3
"""Writes two_steps.npy: two steps of SAC by PyTorch's own modules, autograd and Adam, in float64 (made with torch 1.13).

One flat vector: images, texts, the weights of both heads; for each step the rows drawn and the loss with its terms; the
weights after two steps and BatchNorm's running statistics. tests/heads_test.cpp reads it in this order.
"""
import pathlib
import sys

import numpy
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[2] / "benchmarks"))
from sac_training import make_head, step  # noqa: E402

N, D, E, K, BATCH = 24, 8, 5, 3, 10
torch.manual_seed(3)
features = [torch.nn.functional.normalize(torch.randn(N, width, dtype=torch.float64), dim=1) for width in (D, E)]
heads = [make_head(torch, width, D, K, torch.float64) for width in (D, E)]
weights = [p for head in heads for p in head.parameters()]
optimiser = torch.optim.Adam(weights, lr=1e-2, betas=(0.9, 0.99))
numbers = [x.flatten() for x in features] + [w.detach().clone().flatten() for w in weights]
for _ in range(2):
    own = torch.randperm(N)[:BATCH]
    rows = [torch.stack([own, *torch.randint(N, (2, BATCH))]) for _ in range(2)]
    loss, terms = step(torch, heads, optimiser, features, rows)
    numbers += [r.flatten().double() for r in rows] + [torch.stack([loss, *terms]).detach()]
numbers += [w.detach().flatten() for w in weights]
for head in heads:
    norm = next(layer for layer in head if isinstance(layer, torch.nn.BatchNorm1d))
    numbers += [norm.running_mean, norm.running_var]
numpy.save(HERE / "two_steps.npy", torch.cat(numbers).numpy())
