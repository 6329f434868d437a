#!/usr/bin/env python3
"""SAC's training written plainly in PyTorch, timed beside ilk's on the same sizes.

usage: sac_training.py [--images 60000] [--width 512] [--clusters 10] [--batches 60] [--threads 2]
                       [--ilk build/benchmarks/training_benchmark]

Both sides take precomputed neighbours; what is timed is a step: rows gathered, six passes through two heads, the loss,
gradients and Adam. Modules, losses and optimiser are PyTorch's own, as docs/methods/sac.md says; nothing is fused.
"""
import argparse
import json
import os
import subprocess
import time

from python_with import with_packages

TAU, ALPHA, BETA, ALIGNMENT, BALANCE = 1.1, 0.9, 0.5, 0.6, 4.0


def make_head(torch, input_width, width, clusters, dtype=None):
    layers = [torch.nn.Linear(input_width, width, bias=False)] if input_width != width else []
    layers += [torch.nn.Linear(width, width, bias=False), torch.nn.BatchNorm1d(width), torch.nn.ReLU(), torch.nn.Linear(width, clusters)]
    head = torch.nn.Sequential(*layers, torch.nn.Softmax(dim=1)).to(dtype or torch.float32)
    for layer in head:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.trunc_normal_(layer.weight, std=0.02, a=-0.04, b=0.04)
            if layer.bias is not None:
                torch.nn.init.zeros_(layer.bias)
    return head


def contrast(torch, a, b, omega):
    rows = torch.cat([a, b])
    n = len(a)
    partner = torch.arange(2 * n).roll(n)
    losses = torch.nn.functional.cross_entropy(rows @ rows.t() / TAU, partner, reduction="none")
    return (omega / omega.sum() * losses.view(2, n).mean(0)).sum()


def sac_terms(torch, image, text):
    """image, text: lists of three views (own, same-modality neighbour, crossed), each (B, K)."""
    (v, v_near, v_crossed), (t, t_near, t_crossed) = image, text

    def agreement(a, b):
        return torch.sigmoid((a * b).sum(1) / TAU)

    intra = ALPHA * agreement(v, v_crossed) + (1 - ALPHA) * agreement(t, t_crossed)
    cross = ALPHA * agreement(v, t_near) + (1 - ALPHA) * agreement(t, v_near)
    dots, columns = (t * v).sum(1), (t * v).sum(0)
    alignment = BETA * torch.nn.functional.binary_cross_entropy(dots.clamp(max=1), torch.ones_like(dots)) + (
        1 - BETA) * torch.nn.functional.binary_cross_entropy_with_logits(columns, torch.ones_like(columns))
    balance = sum(-(p.mean(0) * p.mean(0).log()).sum() for p in (v, t))
    terms = [contrast(torch, v, v_crossed, intra), contrast(torch, v, t_near, cross), contrast(torch, t, v_near, cross), alignment, balance]
    return terms[0] + terms[1] + terms[2] + ALIGNMENT * alignment - BALANCE * balance, terms


def step(torch, heads, optimiser, features, rows):
    views = [[head(x[index]) for index in drawn] for head, x, drawn in zip(heads, features, rows)]
    loss, terms = sac_terms(torch, *views)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss, terms


def seconds_per_step(arguments):
    import torch
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    n, d, k, batch, near = arguments.images, arguments.width, arguments.clusters, 512, 20
    features = [torch.nn.functional.normalize(torch.randn(n, d), dim=1) for _ in range(2)]
    neighbours = [torch.randint(n, (n, near)) for _ in range(2)]
    heads = [make_head(torch, d, d, k) for _ in range(2)]
    optimiser = torch.optim.Adam([p for head in heads for p in head.parameters()], lr=1e-3, betas=(0.9, 0.99))
    order = torch.randperm(n)

    def drawn(modality, index):
        return neighbours[modality][index, torch.randint(near, (len(index),))]

    def one(number):
        index = order[number * batch % (n - batch):][:batch]
        rows = [[index, drawn(0, index), drawn(1, index)], [index, drawn(1, index), drawn(0, index)]]
        return step(torch, heads, optimiser, features, rows)

    for number in range(5):
        one(number)
    begin = time.perf_counter()
    for number in range(arguments.batches):
        one(number)[0].item()
    return (time.perf_counter() - begin) / arguments.batches


def main():
    with_packages("torch")
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=60000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--clusters", type=int, default=10)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="both sides in turn; the best of each is compared")
    parser.add_argument("--ilk", default="build/benchmarks/training_benchmark")
    arguments = parser.parse_args()
    plain, own = [], []
    for _ in range(arguments.rounds):
        plain.append(seconds_per_step(arguments))
        sizes = f"N:{arguments.images}/D:{arguments.width}/K:{arguments.clusters}/"
        done = subprocess.run([arguments.ilk, f"--benchmark_filter=Step/{sizes}real", "--benchmark_format=json"], capture_output=True, text=True,
                              check=True, env={**os.environ, "OMP_NUM_THREADS": str(arguments.threads)})
        own.append(json.loads(done.stdout)["benchmarks"][0]["real_time"] / 1e3)
    print(f"PyTorch {1e3 * min(plain):.1f} ms a step, ilk {1e3 * min(own):.1f} ms, {min(plain) / min(own):.2f} times as fast "
          f"(N {arguments.images}, D {arguments.width}, K {arguments.clusters}, {arguments.threads} threads)")


if __name__ == "__main__":
    main()
