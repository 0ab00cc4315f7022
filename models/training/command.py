"""python -m models.training: from labelled posts to a folder that ships.

Part of models/training/: joins data, loop and bundle; the only file of this room that talks to people.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertForSequenceClassification
from transformers.utils import logging as transformers_logging

from models.errors import ModelError
from models.evaluate import CLASSES, Measures, card_table, evaluate
from models.registry import load
from models.training import bundle, data, encoder, loop
from models.training.data import LabelledPost
from models.training.graph import Array, Shape
from models.training.recipe import LABELS, Recipe

_log = logging.getLogger(__name__)
_TALKER: Any = transformers_logging  # only half typed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with one sentence on stderr."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        report = run(given.data, given.out, given.work, Recipe(seed=given.seed), name=given.name)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n\n".join(f"## {name}\n\n{card_table(found)}" for name, found in report.items()) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.training", description="Train the shipped model.")
    parser.add_argument("--data", type=Path, required=True, help="folder with sentiment/train.jsonl and val.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, such as models/bundled")
    parser.add_argument("--work", type=Path, default=Path("build/training"), help="folder for checkpoints")
    parser.add_argument("--name", default="bundled-minilm-1", help="name stored with every score")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="processor threads, all by default")
    return parser


def run(data_folder: Path, out: Path, work: Path, recipe: Recipe, *, name: str) -> dict[str, Measures]:
    """Train (or go on from the last checkpoint in `work`), write `out`, and measure what was written.

    Returns figures by split: "validation" and, where posts were held out, "latest".
    """
    posts = data.read_posts(data_folder / "sentiment" / "train.jsonl")
    validation = data.read_posts(data_folder / "sentiment" / "val.jsonl")
    kept, latest = data.split_latest(posts, recipe.hold_out_latest)
    base = encoder.find_base()
    model = fit(base, kept, recipe, work)
    export(model, base, recipe, out, name, validation)
    splits = {"validation": validation, "latest": latest}
    return {split: _measured(out, held) for split, held in splits.items() if held}


def fit(base: Path, posts: Sequence[LabelledPost], recipe: Recipe, work: Path) -> BertForSequenceClassification:
    """The trained model; its weights also stand in `work`/torch in transformers' format."""
    work.mkdir(parents=True, exist_ok=True)
    _TALKER.set_verbosity_error()
    _TALKER.disable_progress_bar()
    torch.manual_seed(recipe.seed)
    (work / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n", encoding="utf-8")
    tokenizer, model = encoder.load_tokenizer(base, recipe.max_tokens), encoder.build(base)
    begun = time.monotonic()
    loop.train(
        model,
        data.encode(tokenizer, posts),
        [post.label for post in posts],
        recipe,
        checkpoint=work / "run.pt",
        told=lambda line: _log.info("%5.0f s  %s", time.monotonic() - begun, line),
    )
    model.save_pretrained(work / "torch")
    return model


def export(
    model: BertForSequenceClassification,
    base: Path,
    recipe: Recipe,
    out: Path,
    name: str,
    validation: Sequence[LabelledPost],
) -> None:
    """Write the shipped folder: once at temperature 1, then with the one that fits `validation`."""
    weights: dict[str, Array] = {key: value.numpy().astype(np.float32) for key, value in model.state_dict().items()}
    config = model.config
    shape = Shape(config.num_hidden_layers, config.num_attention_heads, recipe.max_tokens, len(LABELS))
    tokenizer = encoder.load_tokenizer(base, recipe.max_tokens)
    bundle.write_bundle(out, name, weights, shape, tokenizer, temperature=1.0)
    temperature = bundle.fitted_temperature(out, validation)
    bundle.write_bundle(out, name, weights, shape, tokenizer, temperature=temperature)


def _measured(out: Path, posts: Sequence[LabelledPost]) -> Measures:
    return evaluate(load(str(out)), [post.text for post in posts], [CLASSES[post.label] for post in posts])
