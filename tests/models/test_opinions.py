"""What other encoders are asked about the posts that the student learns from, on networks of a few thousand weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
data: Any = pytest.importorskip("models.training.data")
opinions: Any = pytest.importorskip("models.training.opinions")
probe: Any = pytest.importorskip("models.training.probe")
recipe: Any = pytest.importorskip("models.training.recipe")
SUBJECTS = ("the staff was", "my parcel was", "the app is", "my order is", "the shop is")


@pytest.fixture
def base(make_hub_folder: Callable[..., Path]) -> Path:
    return make_hub_folder({0: "negative", 1: "neutral", 2: "positive"}, bare=True, spread=0.1)


def test_the_teacher_is_asked_once_about_equal_rows_and_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opinions, "_ASKED_AT_ONCE", 2)
    monkeypatch.setattr(opinions, "_SAVED_EVERY", 1)
    posts = [data.LabelledPost(text, 0, target="b" if text == "b" else None) for text in "abcab"]

    class Asked:
        mark = "one"

        def __init__(self, patience: int) -> None:
            self.patience = patience
            self.heard: list[str] = []

        def say(self, rows: Any) -> Any:
            if not self.patience:
                raise KeyboardInterrupt
            self.patience -= 1
            self.heard += [row.text for row in rows]
            return np.array([[ord(row.text), row.target == "b"] for row in rows], dtype=np.float32)

    lost, second, other = Asked(1), Asked(9), Asked(9)
    with pytest.raises(KeyboardInterrupt):
        opinions.about(posts, lost, tmp_path / "kept.npz", print)
    found = opinions.about(posts, second, tmp_path / "kept.npz", print)
    assert found.tolist() == [[97, 0], [98, 1], [99, 0], [97, 0], [98, 1]]
    assert sorted(lost.heard + second.heard) == ["a", "b", "c"]
    other.mark = "two"
    opinions.about(posts, other, tmp_path / "kept.npz", print)
    assert sorted(other.heard) == ["a", "b", "c"]


def test_a_teacher_of_the_larger_family_reads_posts_with_its_own_tokenizer(
    make_large_folder: Callable[[], Path], tmp_path: Path
) -> None:
    examples = [
        data.LabelledPost(f"{subject} {ending}", -1, domain=subject, several=several)
        for subject in SUBJECTS
        for ending, several in (("late", (3,)), ("great", ()), ("fine", (0, 3)))
    ]
    teacher = opinions.Teacher(make_large_folder(), 32, examples, print)
    said = teacher.say([data.LabelledPost("the shop", 0, target="shop"), data.LabelledPost("my order is late", 0)])
    spot = recipe.places("touchpoints")
    assert said.shape == (2, recipe.OUTPUTS)
    assert np.isfinite(said).all()
    assert said[1, spot][3] > said[1, spot][0]
    silent = opinions.Teacher(make_large_folder(), 32, (), print).say([data.LabelledPost("late", 0)])
    assert np.isnan(silent[0, spot]).all()
    assert np.isfinite(silent[0, : spot.start]).all()


def test_the_embedding_to_keep_has_unit_length_and_is_unknown_toward_a_target(base: Path) -> None:
    found = opinions.Meaning(base, 32).say(
        [data.LabelledPost("late", 0), data.LabelledPost("the shop", 0, target="shop")]
    )
    assert np.linalg.norm(found[0]) == pytest.approx(1.0, abs=1e-3)
    assert np.isnan(found[1]).all()


def test_a_probe_reads_what_the_states_tell_and_takes_the_layer_that_tells_it() -> None:
    chance = torch.Generator().manual_seed(4)
    truth = (torch.rand(240, 2, generator=chance) < 0.4).float()
    noise = torch.randn(240, 6, generator=chance)
    telling = torch.cat([truth * 2.0 + 0.3 * noise[:, :2], noise[:, 2:]], dim=1)
    found, loss = probe.best([noise, telling], truth, [f"trade {row % 8}" for row in range(240)])
    assert found.layer == 1
    assert loss < 0.2
    assert ((found.logits(telling) > 0).float() == truth).float().mean() > 0.95
