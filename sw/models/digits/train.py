#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train the digits network and export it with PyTorch's exporter.

usage: train.py [--out DIR]      (needs what requirements.txt beside this file lists)

Writes digits.onnx, test.npz, calibration.npz and images.npz: README.md says what is in them.
The same packages on the same kind of machine give the same files: fixed seeds, one thread.
"""
import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

SEED = 2026
TEST_IMAGES, CALIBRATION_IMAGES = 360, 128
EPOCHS, BATCH = 150, 64


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        batch, tokens, width = x.shape

        def split(y):
            return y.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2)

        y = F.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)))
        return self.out(y.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    """Pre-norm Transformer layer."""

    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class DigitsViT(nn.Module):
    """8x8 pixels in 2x2 patches: 16 tokens and a class token."""

    def __init__(self, width=64, heads=2, hidden=256, layers=3, classes=10):
        super().__init__()
        self.patches = nn.Conv2d(1, width, kernel_size=2, stride=2)
        self.class_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.positions = nn.Parameter(torch.randn(1, 17, width) * 0.02)
        self.layers = nn.ModuleList(Block(width, heads, hidden) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x[:, 0]))


def augment(images, rng):
    """Turned up to 12 degrees, scaled and shifted a little, with some noise."""
    n = len(images)

    def uniform(limit):
        return (torch.rand(n, generator=rng) * 2 - 1) * limit

    angle, scale = uniform(0.21), 1 + uniform(0.1)
    dx, dy = uniform(0.25), uniform(0.15)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    turn = torch.stack([torch.stack([cos, -sin, dx], 1), torch.stack([sin, cos, dy], 1)], 1)
    grid = F.affine_grid(turn, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, align_corners=False)
    return (moved + torch.randn(moved.shape, generator=rng) * 0.05).clamp(0, 1)


def train(images, labels):
    model = DigitsViT()
    rng = torch.Generator().manual_seed(SEED)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(images), generator=rng)
        total = 0.0
        for start in range(0, len(images) - BATCH + 1, BATCH):
            batch = order[start:start + BATCH]
            logits = model(augment(images[batch], rng))
            loss = F.cross_entropy(logits, labels[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {total / (len(images) // BATCH):.4f}", flush=True)
    return model.eval()


def export(model, path):
    torch.onnx.export(model, (torch.zeros(1, 1, 8, 8),), path, dynamo=True, external_data=False,
                      input_names=["image"], output_names=["logits"])
    exported = onnx.load(path)
    # Stack traces name files of the machine that trained; nothing reads them.
    del exported.metadata_props[:], exported.graph.metadata_props[:]
    for node in exported.graph.node:
        del node.metadata_props[:]
    for value in (*exported.graph.value_info, *exported.graph.input, *exported.graph.output,
                  *exported.graph.initializer):
        del value.metadata_props[:]
    onnx.checker.check_model(exported, full_check=True)
    onnx.save(exported, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    train_index, test_index = train_test_split(
        np.arange(len(labels)), test_size=TEST_IMAGES, random_state=SEED, stratify=labels)

    def save(name, index):
        np.savez_compressed(out / name, image=images[index], labels=labels[index], index=index)

    save("test.npz", test_index)
    save("calibration.npz", train_index[:CALIBRATION_IMAGES])
    save("images.npz", np.array([test_index[labels[test_index] == d][0] for d in range(10)]))

    model = train(torch.from_numpy(images[train_index]), torch.from_numpy(labels[train_index]))
    path = out / "digits.onnx"
    export(model, str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for name, index in ("training", train_index), ("test", test_index):
        found = [session.run(None, {"image": images[i:i + 1]})[0][0].argmax() for i in index]
        right = int((np.array(found) == labels[index]).sum())
        print(f"{name}: {right} of {len(index)} right, {right / len(index):.2%}")


if __name__ == "__main__":
    main()
