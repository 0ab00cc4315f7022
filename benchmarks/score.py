"""Texts per second and peak memory: the shipped scorer beside transformers.pipeline on the same weights.

    python -m benchmarks.score [--texts 2000] [--threads N] [--checkpoint FOLDER] [--out benchmarks/out/score.json]

Each contender runs in a process of its own, in turns, on the same made-up posts, of which no two normalise to
the same text, so nothing is gained from duplicates. Without --checkpoint the pipeline's model is read back from
the shipped graph (float32 values of the int8 weights). Needs the extra `torch`.
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
from pathlib import Path
from typing import Any

import models
from benchmarks.score_texts import posts
from models.text import normalise, spell_out

_WARM_UP = 32
Score = Callable[[Sequence[str]], list[str]]


def main() -> int:
    """Run all contenders, print the table, write the JSON."""
    given = _parser().parse_args()
    if given.child:
        return _child(given)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = given.checkpoint or _read_back(Path(scratch))
        texts = posts(given.texts, given.seed)
        runs = [_run(given, contender, checkpoint) for _ in range(given.rounds) for contender in ("ours", "pipeline")]
    size = {"texts": given.texts, "threads": given.threads, "cores": len(os.sched_getaffinity(0))}
    report = {**size, "duplicates": _duplicates(texts), "words": _words(texts), **_summary(runs)}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _print(report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure scoring speed against transformers.pipeline.")
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="for both; each contender's own default without it")
    parser.add_argument("--checkpoint", type=Path, help="folder of the fine-tuned model in transformers' format")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "score.json")
    parser.add_argument("--child", choices=("ours", "pipeline"), help=argparse.SUPPRESS)
    return parser


def _run(given: argparse.Namespace, contender: str, checkpoint: Path) -> dict[str, Any]:
    size = ["--texts", str(given.texts), "--seed", str(given.seed)]
    size += ["--threads", str(given.threads)] if given.threads else []
    threads = {"OMP_NUM_THREADS": str(given.threads)} if given.threads else {}
    command = [sys.executable, "-m", "benchmarks.score", "--child", contender, *size, "--checkpoint", str(checkpoint)]
    here, settings = Path(__file__).parents[1], os.environ | threads
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=here, env=settings)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _child(given: argparse.Namespace) -> int:
    texts = posts(given.texts + _WARM_UP, given.seed)
    begun = time.perf_counter()
    score = _ours(given.threads) if given.child == "ours" else _pipeline(given.checkpoint)
    score(texts[:1])
    loaded = time.perf_counter()
    score(texts[1:_WARM_UP])
    started = time.perf_counter()
    labels = score(texts[_WARM_UP:])
    seconds = time.perf_counter() - started
    measured = {"per_second": len(labels) / seconds, "peak_mb": _peak_mb(), "first_answer_s": loaded - begun}
    row = {"who": given.child, **measured}
    print(json.dumps({**row, "labels": labels}))
    return 0


def _peak_mb() -> float:
    """Peak resident memory of this process. Not getrusage's: that one starts from the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _ours(threads: int | None) -> Score:
    scorer = models.load("bundled", threads=threads)

    def score(texts: Sequence[str]) -> list[str]:
        found = [prediction.sentiment for prediction in scorer.predict(texts)]
        return [max(("negative", "neutral", "positive"), key=lambda name: getattr(one, name)) for one in found]

    return score


def _pipeline(checkpoint: Path) -> Score:
    """transformers.pipeline with its defaults; it reads the texts spelled out, as the model was trained."""
    classify = import_module("transformers").pipeline("text-classification", model=str(checkpoint))
    return lambda texts: [found["label"] for found in classify([spell_out(normalise(text)) for text in texts])]


def _read_back(scratch: Path) -> Path:
    """The shipped model as a folder in transformers' format, with its sentiment alone: all that the pipeline says."""
    import_module("transformers.utils.logging").disable_progress_bar()
    shipped = Path(str(models.__file__)).parent / "bundled"
    import_module("models.training.unpack").to_transformers(shipped, scratch, whole=False)
    return scratch


def _summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    contenders = {}
    for who in ("ours", "pipeline"):
        mine = [run for run in runs if run["who"] == who]
        keys = ("per_second", "peak_mb", "first_answer_s")
        contenders[who] = {key: round(statistics.median(run[key] for run in mine), 2) for key in keys}
    pairs = list(zip(*(next(run["labels"] for run in runs if run["who"] == who) for who in contenders), strict=True))
    ratio = contenders["ours"]["per_second"] / contenders["pipeline"]["per_second"]
    agreement = sum(ours == theirs for ours, theirs in pairs) / len(pairs)
    return {"contenders": contenders, "ratio": round(ratio, 2), "same_label": round(agreement, 4)}


def _duplicates(texts: Sequence[str]) -> float:
    return round(1 - len({normalise(text) for text in texts}) / len(texts), 4)


def _words(texts: Sequence[str]) -> float:
    return round(statistics.mean(len(text.split()) for text in texts), 1)


def _print(report: dict[str, Any]) -> None:
    print(f"{report['texts']} made-up posts of {report['words']} words, {report['duplicates']:.0%} duplicates")
    print(f"{'':10}{'texts/s':>10}{'peak MB':>10}{'first answer s':>16}")
    for who, row in report["contenders"].items():
        print(f"{who:10}{row['per_second']:>10.0f}{row['peak_mb']:>10.0f}{row['first_answer_s']:>16.1f}")
    print(f"ratio {report['ratio']:.1f}; same label on {report['same_label']:.1%}")


if __name__ == "__main__":
    raise SystemExit(main())
