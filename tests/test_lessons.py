"""Lessons: the format of their files, what is said of a file with a mistake, and that what they tell is so."""

import itertools
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, median_filter
from scipy.spatial import cKDTree
from sklearn.metrics import roc_auc_score

import ae_core
from ae_core import data, locations
from ae_core.errors import LessonError, OptionError
from ae_core.inference import LoadedRun
from ae_core.lessons import pictures, quantities, text
from ae_core.lessons.text import Known, Lesson, Question, Text, Try
from pages.widgets import lessons, menu

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = text.files(locations.LESSONS / "en")
load = cache(ae_core.load)
FRONT = "---\ntitle: A lesson\npromise: Something.\nminutes: 2\n---\n\n## One\n\n"
QUESTION = "```question\nask: How many?\nnearest: code-size vanilla\noption: 8\noption: thirty-two | 32\n```\n"
TRY = "```try\npage: lens\nlabel: Go\ndo: Look.\nnotice: This.\n```\n"


def parse(content: str) -> Lesson:
    return text.parse(content, "en/01-a-lesson.md", lessons.KNOWN)


@cache
def images(count: int | None = None) -> np.ndarray:
    return data.load("fashion-mnist").split("test").images[:count] / np.float32(255)


# The files


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_lesson_that_ships_asks_once_leads_on_and_has_no_answer_in_its_question(path: Path) -> None:
    lesson = text.read(path, lessons.KNOWN)
    (question,) = [step.question for step in lesson.steps if step.question]
    parts = list(itertools.chain.from_iterable(step.parts for step in lesson.steps))
    assert any(isinstance(part, Try) for part in parts)
    assert lesson.reference
    assert 1 <= lesson.minutes <= 5
    words = sum(len(part.markdown.split()) for part in parts if isinstance(part, Text))
    assert words <= 120 * lesson.minutes, "it can be read in its minutes"
    before = itertools.takewhile(lambda part: part is not question, parts)
    told = {asked.text for part in before if isinstance(part, Text) for asked in part.asked}
    assert not told & {asked.text for asked in question.asked}, "the text before does not tell it"


def test_there_are_eight_in_their_order() -> None:
    names = [text.read(path, lessons.KNOWN).name for path in SHIPPED]
    assert names == ["the-code", "what-is-lost", "noise", "sparsity", "contraction", "holes", "beta", "anomalies"]


def test_a_file_is_read_as_it_is_meant() -> None:
    lesson = parse(
        FRONT + "A [[code]] of {code-size\nvanilla} numbers.\n\nMore.\n\n" + QUESTION + "Why.\n\n## Two\n\n" + TRY
    )
    assert (lesson.name, lesson.title, lesson.minutes, lesson.reference) == ("a-lesson", "A lesson", 2, "")
    first, second = lesson.steps
    before, question, after = first.parts
    assert isinstance(before, Text)
    assert (before.line, [asked.text for asked in before.asked]) == (9, ["code-size vanilla"])
    assert isinstance(question, Question)
    assert [(option.label, option.number) for option in question.options] == [("8", 8), ("thirty-two", 32)]
    assert isinstance(after, Text)
    assert after.markdown == "Why."
    (way,) = second.parts
    assert isinstance(way, Try)
    assert (way.page, way.settings) == ("lens", {})


def test_a_line_that_is_indented_goes_on_and_others_of_windows_are_read() -> None:
    lesson = parse(FRONT.replace("Something.", "Some\n  thing: it.").replace("\n", "\r\n") + "Text.")
    assert lesson.promise == "Some thing: it."


BAD = {
    "": (1, "expected '---'"),
    "---\ntitle: x\n": (1, "must end with a line '---'"),
    FRONT.replace("title: A lesson\n", ""): (1, "'title' is missing"),
    FRONT.replace("minutes: 2", "minutes: soon"): (4, "minutes must be a whole number from 1 to 60, got 'soon'"),
    FRONT.replace("minutes: 2", "minutes: 00601234"): (4, "minutes must be a whole number from 1 to 60"),
    FRONT.replace("minutes: 2", f"minutes: 0001{'0' * 5000}"): (4, "minutes must be a whole number from 1 to 60"),
    FRONT.replace("minutes: 2", "minute: 2"): (4, "unknown 'minute'"),
    FRONT.replace("minutes: 2", "minutes: 2\nminutes: 3"): (5, "'minutes' is there twice"),
    FRONT.replace("minutes: 2", "two minutes"): (4, "expected 'key: value', got 'two minutes'"),
    FRONT.replace("## One", "One"): (7, "text must stand below a heading"),
    FRONT: (7, "the step 'One' is empty"),
    FRONT + "Text.\n\n{code-size}": (11, "code-size takes MODEL, got nothing"),
    FRONT + "Text\n{size vanilla}": (10, "unknown quantity 'size', expected one of values, code-size,"),
    FRONT + "{psnr-noisy vanilla 2}": (9, "LEVEL must be a number from 0 to 1, got '2'"),
    FRONT + "{auroc vanilla bce sideways}": (9, "DAMAGE must be one of upside-down,"),
    FRONT + "A [[word|nowhere]].": (9, "no term 'nowhere' is in the glossary"),
    FRONT + "Text.\n\nA\n[[elsewhere]].": (12, "no term 'elsewhere' is in the glossary"),
    FRONT + "Text.\n\nA [[word|no\nwhere]].": (11, "no term 'no where' is in the glossary"),
    FRONT + "A\n{size\nvanilla}": (10, "unknown quantity 'size'"),
    FRONT + "```picture\nphoto vanilla\n```": (10, "unknown picture 'photo'"),
    FRONT + "```quiz\n```": (9, "unknown block 'quiz', expected question, picture, try"),
    FRONT + "```try\npage: lens": (9, "the block 'try' has no end"),
    FRONT + TRY.replace("lens", "nowhere"): (10, "there is no page 'nowhere'"),
    FRONT + TRY.replace("do: Look.\n", ""): (9, "'do' is missing in this block"),
    FRONT + TRY.replace("do:", "with: run\ndo:"): (12, "expected 'with: name = value', got 'run'"),
    FRONT + TRY.replace("do:", "with: embed = true\ndo:"): (12, "'embed' is no setting of a page: leave it out"),
    FRONT + QUESTION + QUESTION: (7, "asks twice"),
    FRONT + QUESTION.replace("option: 8\n", ""): (9, "at least two options are needed, got 1"),
    FRONT + QUESTION.replace("option: 8", "option: few"): (12, "the value of an option must be a number, got 'few'"),
    FRONT + QUESTION.replace("nearest: code-size vanilla\n", ""): (9, "a question has one of"),
    FRONT + QUESTION.replace("nearest: code-size vanilla", "largest:"): (
        12,
        "an option is 'words | quantity', got '8'",
    ),
    FRONT + QUESTION.replace("nearest", "estimate"): (12, "estimated without options"),
    FRONT + "```question\nask: x\nestimate: mse vanilla\nfrom: 2\nto: 1\nstep: 1\n```": (
        12,
        "must rise from 2 to 1 by 1",
    ),
    FRONT + "```question\nask: x\nestimate: mse vanilla\nfrom: 0\nto: 1\nstep: 1e-320\n```": (
        14,
        "from 0 to 1 must be at most 10,000 steps, got 9.99989e-321 for one",
    ),
}


@pytest.mark.parametrize("content", BAD, ids=[sentence for _, sentence in BAD.values()])
def test_a_mistake_is_told_with_its_file_and_line(content: str) -> None:
    line, sentence = BAD[content]
    with pytest.raises(LessonError) as told:
        parse(content)
    assert str(told.value).startswith(f"en/01-a-lesson.md, line {line}: ")
    assert sentence in str(told.value)
    assert str(told.value).endswith(".")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "en" / "01-x.md"
    path.parent.mkdir()
    for content, sentence in (
        (b"\xff", "en/01-x.md is not UTF-8"),
        (b" " * (text.MOST + 1), "has more than 100,000 bytes"),
    ):
        path.write_bytes(content)
        with pytest.raises(LessonError, match=sentence):
            text.read(path, Known(menu.PAGES))
    path.unlink()
    with pytest.raises(LessonError, match=r"en/01-x.md cannot be read \(No such file"):
        text.read(path, Known(menu.PAGES))
    assert text.files(tmp_path / "en") == text.files(tmp_path / "nowhere") == []
    assert text.languages(tmp_path) == ["en"]


def test_the_document_describes_every_quantity_and_picture() -> None:
    told = (ROOT / "docs" / "lessons.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)([^`]*)` \|", told, re.MULTILINE))
    every = {name: quantity.takes for name, quantity in quantities.QUANTITIES.items()}
    every |= {name: picture.takes for name, picture in pictures.PICTURES.items()}
    assert rows.keys() == every.keys()
    for name, takes in every.items():
        assert rows[name].replace(" …", "").split() == [argument.title for argument in takes], name
    assert set(re.findall(r"^```([a-z]+)$", told, re.MULTILINE)) >= set(text.BLOCKS)


# What they tell


def test_an_option_is_right_by_the_data() -> None:
    question = parse(FRONT + QUESTION).steps[0].question
    assert question
    assert [question.right([value]) for value in (3, 19, 21, 100)] == [0, 0, 1, 1]
    content = "```question\nask: Which?\n{}:\noption: a | mse vanilla\noption: b | mse vanilla-2d\n```"
    for how, right in (("largest", 1), ("smallest", 0)):
        asked = parse(FRONT + content.format(how)).steps[0].question
        assert asked
        assert asked.right([0.1, 0.2]) == right


def test_errors_and_detail_are_those_of_scipy() -> None:
    x = images()
    x_hat = load("vanilla").reconstruct(x)
    assert quantities.value("mse vanilla", load) == pytest.approx(np.mean((x - x_hat) ** 2), rel=1e-4)
    coarse, coarse_hat = (gaussian_filter(each, (0, 1, 1)) for each in (x, x_hat))
    for name, a, b in (("outline", coarse, coarse_hat), ("detail", x - coarse, x_hat - coarse_hat)):
        share = 100 * (1 - np.sum((a - b) ** 2) / np.sum((a - a.mean(0)) ** 2))
        assert quantities.value(f"{name}-kept vanilla", load) == pytest.approx(share, rel=1e-3)


def test_psnr_is_that_of_filters_at_their_best_width() -> None:
    x = images(quantities.FEW)
    field = np.random.default_rng(0).standard_normal(x.shape, dtype=np.float32)
    noisy = np.clip(x + np.float32(0.1) * field, 0, 1)

    def psnr(y: np.ndarray) -> float:
        return float(-10 * np.log10(np.mean((x - y) ** 2)))

    assert quantities.value("psnr-noisy denoising 0.1", load) == pytest.approx(psnr(noisy), abs=1e-3)
    model = psnr(load("denoising").reconstruct(noisy))
    assert quantities.value("psnr-denoised denoising 0.1", load) == pytest.approx(model, abs=1e-3)
    blurred = max(psnr(gaussian_filter(noisy, (0, s, s))) for s in (0.4, 0.6, 0.8, 1.0))
    assert quantities.value("psnr-filtered denoising gaussian 0.1", load) == pytest.approx(blurred, abs=1e-2)
    medians = [noisy, *(median_filter(noisy, (1, k, k)) for k in (3, 5))]
    assert quantities.value("psnr-filtered denoising median 0.1", load) == pytest.approx(
        max(map(psnr, medians)), abs=1e-2
    )
    assert model < psnr(noisy) < blurred, "what lesson 3 says of weak noise"


def test_codes_move_and_are_active_as_they_do() -> None:
    for name in ("vanilla", "contractive"):
        found = quantities.value(f"code-shift {name}", load)
        x = images(2000)
        v = np.random.default_rng(1).standard_normal(x.shape, dtype=np.float32)
        z, moved = load(name).encode(x), load(name).encode(np.clip(x + np.float32(0.1) * v, 0, 1))
        alive = z.std(0) > 0
        assert found == pytest.approx(np.sqrt(np.mean(((moved - z) ** 2).mean(0)[alive] / z.var(0)[alive])), rel=0.05)
    z = load("sparse-visible").encode(images())
    assert quantities.value("active-units sparse-visible", load) == pytest.approx(np.count_nonzero(z) / len(z))


def test_holes_are_counted_as_a_tree_of_codes_does() -> None:
    z = load("variational").encode(images())
    tree = cKDTree(z)
    gap = np.quantile(tree.query(z, 2)[0][:, 1], 0.99)  # of all codes, where the quantity takes a sample of them
    drawn = np.random.default_rng(7).standard_normal((20_000, 2))
    share = 100 * np.mean(tree.query(drawn)[0] > gap)
    assert quantities.value("hole-share variational", load) == pytest.approx(share, abs=5)


@pytest.mark.parametrize("beta", [1, 4, 16])
def test_the_best_width_is_the_root_of_beta(beta: int) -> None:
    found = quantities.value(f"best-width variational-2d {beta}", load)
    assert found == pytest.approx(np.sqrt(beta), rel=0.1)
    mean, log_var = load("variational-2d").encode_distribution(images(quantities.FEW))
    variance = np.exp(log_var) * found**2
    rate = 0.5 * np.sum(variance + mean**2 - 1 - np.log(variance), axis=1).mean()
    assert quantities.value(f"rate-at variational-2d {beta}", load) == pytest.approx(rate, rel=1e-4)


@pytest.mark.parametrize("damage", quantities.DAMAGES)
def test_an_auroc_is_that_of_scikit_learn(damage: str) -> None:
    x = images(quantities.FEW)
    noisy = np.clip(x + np.float32(0.2) * np.random.default_rng(0).standard_normal(x.shape, dtype=np.float32), 0, 1)
    y = {
        "upside-down": np.flip(x, 1).copy(),
        "halves-swapped": np.concatenate([x[:, :, 14:], x[:, :, :14]], axis=2),
        "noisy": noisy,
        "half-as-bright": x / 2,
    }[damage]
    run: LoadedRun = load("vanilla")
    both = np.concatenate([x, y])
    p = np.clip(run.reconstruct(both).astype(np.float64), 1e-7, 1 - 1e-7)
    scores = {
        "squared-error": ((both - p) ** 2).mean((1, 2)),
        "bce": -(both * np.log(p) + (1 - both) * np.log1p(-p)).mean((1, 2)),
        "brightness": both.mean((1, 2)),
    }
    strange = np.repeat([0, 1], len(x))
    for name, score in scores.items():
        found = quantities.value(f"auroc vanilla {name} {damage}", load)
        assert found == pytest.approx(roc_auc_score(strange, np.round(score, 7)), abs=2e-3), name


def test_a_model_that_a_quantity_does_not_fit_is_named() -> None:
    for asked, sentence in (
        ("hole-share vanilla", "vanilla has no prior: a variational model is needed"),
        ("detail-kept ecg-vanilla", "ecg-vanilla learnt signals: a model of images is needed"),
    ):
        with pytest.raises(OptionError, match=sentence):
            quantities.value(asked, load)
    with pytest.raises(OptionError, match="ecg-vanilla did not learn images"):
        pictures.draw("damaged ecg-vanilla upside-down", load)


@pytest.mark.parametrize("run", ["ecg-vanilla", "emoji-vanilla"])
def test_other_forms_of_data_have_quantities_and_pictures(run: str) -> None:
    for name in ("values", "code-size", "mse", "active-units", "code-shift", "psnr-noisy"):
        assert np.isfinite(quantities.value(f"{name} {run}" + " 0.1" * (name == "psnr-noisy"), load))
    for name in ("reconstructions", "code", "denoised", "active", "nudged"):
        assert pictures.draw(f"{name} {run}" + " 0.1" * (name == "denoised"), load, wrap=4).data


def test_every_picture_that_ships_can_be_drawn() -> None:
    for path in SHIPPED:
        for step in text.read(path, lessons.KNOWN).steps:
            for part in step.parts:
                if isinstance(part, text.Picture):
                    assert pictures.draw(part.asked.text, load).to_dict()["data"]
