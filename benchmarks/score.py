"""Texts per second, peak memory and first answer: the shipped scorer beside what else one could take.

    python -m benchmarks.score [--texts 1500] [--rounds 2] [--threads N] [--model NAME] [--out FILE.json]

`pipeline` is transformers.pipeline with its defaults on the shipped weights, read back from the graph, for their
sentiment alone; `pipeline, RoBERTa-base` the same on a model of that shape (125 M parameters; their values are random,
on which speed does not depend), with the shipped tokenizer; `VADER` counts words of a list, where its package is
installed. Each runs in a process of its own, in turns, on the same made-up posts, of which no two normalise to the same
text, so that nothing is gained from duplicates; the slower ones read fewer of them. The first answer is counted from
the start of the process, imports and loading included. Needs the extra `torch`; peak memory needs Linux.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import models
from benchmarks.score_texts import posts
from models import folder
from models.text import normalise, spell_out

_ROBERTA = "pipeline, RoBERTa-base"
_SHARES = {"ours": 1.0, "pipeline": 0.25, _ROBERTA: 0.05, "VADER": 1.0}  # of the texts that each reads
_WARM_UP = 16
_CLASSES = ("negative", "neutral", "positive")
_ROOM = Path(str(models.__file__)).parent
Score = Callable[[Sequence[str]], list[str]]


def main() -> int:
    """Run all contenders, print the table, write the JSON."""
    given = _parser().parse_args()
    if given.child:
        return _child(given)
    contenders = [name for name in _SHARES if name != "VADER" or find_spec("vaderSentiment")]
    with tempfile.TemporaryDirectory() as scratch:
        _write_checkpoints(_shipped(given.model), Path(scratch))
        runs = [_run(given, name, Path(scratch)) for _ in range(given.rounds) for name in contenders]
    texts = posts(given.texts, given.seed)
    size = {"model": given.model, "texts": given.texts, "threads": given.threads, "cores": _cores()}
    report = {**size, "duplicates": _duplicates(texts), "words": _words(texts), **_summary(runs, contenders)}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _print(report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure scoring speed against transformers.pipeline and VADER.")
    parser.add_argument("--texts", type=int, default=1_500, help="that ours reads; the slower ones read a part of them")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, help="for all; each contender's own default without it")
    parser.add_argument("--model", default="bundled", help="a shipped model, or a folder in the shipped format")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "score.json")
    parser.add_argument("--child", choices=list(_SHARES), help=argparse.SUPPRESS)
    parser.add_argument("--checkpoints", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--since", type=float, help=argparse.SUPPRESS)
    return parser


def _run(given: argparse.Namespace, contender: str, checkpoints: Path) -> dict[str, Any]:
    size = ["--texts", str(given.texts), "--seed", str(given.seed), "--model", given.model]
    size += ["--threads", str(given.threads)] if given.threads else []
    threads = {"OMP_NUM_THREADS": str(given.threads)} if given.threads else {}
    what = ["--child", contender, "--checkpoints", str(checkpoints), "--since", str(time.time())]
    command = [sys.executable, "-m", "benchmarks.score", *what, *size]
    here, settings = Path(__file__).parents[1], os.environ | threads
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=here, env=settings)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _child(given: argparse.Namespace) -> int:
    count = max(_WARM_UP, int(given.texts * _SHARES[given.child]))
    score = _contender(given)
    score(["The parcel never came."])
    first = time.time() - given.since
    texts = posts(count + _WARM_UP, given.seed)
    score(texts[count:])
    started = time.perf_counter()
    labels = score(texts[:count])
    seconds = time.perf_counter() - started
    measured = {"per_second": count / seconds, "peak_mb": _peak_mb(), "first_answer_s": first}
    print(json.dumps({"who": given.child, "texts": count, **measured, "labels": labels}))
    return 0


def _peak_mb() -> float:
    """Peak resident memory of this process. Not getrusage's: that one starts from the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _contender(given: argparse.Namespace) -> Score:
    if given.child == "ours":
        return _ours(given.model, given.threads)
    return _vader() if given.child == "VADER" else _pipeline(given.checkpoints / given.child)


def _ours(name: str, threads: int | None) -> Score:
    scorer = models.load(name, threads=threads)

    def score(texts: Sequence[str]) -> list[str]:
        found = [prediction.sentiment for prediction in scorer.predict(texts)]
        return [max(_CLASSES, key=lambda name: getattr(one, name)) for one in found]

    return score


def _pipeline(checkpoint: Path) -> Score:
    """transformers.pipeline with its defaults; it reads the texts spelled out, as the shipped model was trained."""
    import_module("transformers.utils.logging").disable_progress_bar()
    classify = import_module("transformers").pipeline("text-classification", model=str(checkpoint))
    return lambda texts: [found["label"] for found in classify([spell_out(normalise(text)) for text in texts])]


def _vader() -> Score:
    rate = import_module("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer().polarity_scores

    def label(compound: float) -> str:
        return "neutral" if abs(compound) < 0.05 else "positive" if compound > 0 else "negative"  # as its authors say

    return lambda texts: [label(rate(text)["compound"]) for text in texts]


def _shipped(name: str) -> Path:
    return _ROOM / name if (_ROOM / name).is_dir() else Path(name)


def _write_checkpoints(shipped: Path, out: Path) -> None:
    """The shipped model's sentiment, and a RoBERTa-base of random weights, as folders in transformers' format."""
    import_module("transformers.utils.logging").disable_progress_bar()
    unpack, transformers = import_module("models.training.unpack"), import_module("transformers")
    unpack.to_transformers(shipped, out / "pipeline", whole=False)
    import_module("torch").manual_seed(1)
    labels = dict(enumerate(_CLASSES))
    config = transformers.RobertaConfig(
        vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1, id2label=labels, pad_token_id=0
    )  # the rest as it is by default: 12 layers, 12 heads, 768 wide
    transformers.RobertaForSequenceClassification(config).save_pretrained(out / _ROBERTA)
    unpack.tokenizer_of(folder.read(shipped)).save_pretrained(out / _ROBERTA)


def _summary(runs: Sequence[dict[str, Any]], contenders: Sequence[str]) -> dict[str, Any]:
    """The median of each figure, and how many times as fast as each other contender ours is."""
    rows: dict[str, dict[str, float]] = {}
    for who in contenders:
        mine = [run for run in runs if run["who"] == who]
        keys = ("texts", "per_second", "peak_mb", "first_answer_s")
        rows[who] = {key: round(statistics.median(run[key] for run in mine), 2) for key in keys}
    for row in rows.values():
        row["ratio"] = round(rows["ours"]["per_second"] / row["per_second"], 2)
    said = {run["who"]: run["labels"] for run in runs}
    agreed = [ours == theirs for ours, theirs in zip(said["ours"], said["pipeline"], strict=False)]
    return {"contenders": rows, "same_label_as_pipeline": round(sum(agreed) / len(agreed), 4)}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _duplicates(texts: Sequence[str]) -> float:
    return round(1 - len({normalise(text) for text in texts}) / len(texts), 4)


def _words(texts: Sequence[str]) -> float:
    return round(statistics.mean(len(text.split()) for text in texts), 1)


def _print(report: dict[str, Any]) -> None:
    print(f"{report['texts']} made-up posts of {report['words']} words, {report['duplicates']:.0%} duplicates")
    print(f"{'':24}{'texts/s':>10}{'ours is':>10}{'peak MB':>10}{'first answer':>14}")
    for who, row in report["contenders"].items():
        ratio = "" if who == "ours" else f"{row['ratio']:.3g} ×"
        line = f"{who:24}{row['per_second']:>10.0f}{ratio:>10}{row['peak_mb']:>10.0f}{row['first_answer_s']:>12.1f} s"
        print(line)
    print(f"ours and the pipeline on the same weights: the same label on {report['same_label_as_pipeline']:.1%}")


if __name__ == "__main__":
    raise SystemExit(main())
