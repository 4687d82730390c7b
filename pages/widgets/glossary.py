"""The field's terms: each a sentence and, where it helps, a picture; on a page of their own and where they first stand.

A sentence of the app marks a term as ``[[gaps|gap]]``: it is dotted, and opens its explanation in place.
"""

import base64
import html
import itertools
import re
import zlib
from dataclasses import dataclass
from functools import cache

import streamlit as st

MARKED = re.compile(r"\[\[([^|\[\]]+)(?:\|([^\[\]]+))?\]\]")  # no bracket within: else endless ones take minutes
BOLD = re.compile(r"\*\*(.+?)\*\*")
INK, MAIN = "#808080", "#5b6fe0"  # are seen on light and on dark ground


@dataclass(frozen=True)
class Term:
    """A term of the field.

    Attributes:
        title: As a heading has it.
        meaning: One sentence, or two short ones; Markdown without marks.
        picture: The inside of an SVG of 160 × 64, if one helps.
    """

    title: str
    meaning: str
    picture: str = ""


def _dot(x: float, y: float, colour: str = INK, radius: float = 4) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>'


def _line(*places: tuple[float, float], colour: str = INK, dashed: bool = False) -> str:
    points = " ".join(f"{x},{y}" for x, y in places)
    dash = ' stroke-dasharray="3 3"' * dashed
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'


def _box(x: float, y: float, w: float, h: float, colour: str = INK) -> str:
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _arrow(x: float, y: float, to: float, colour: str = INK) -> str:
    tip = 5 if to > x else -5
    return _line((x, y), (to, y), colour=colour) + _line((to - tip, y - 4), (to, y), (to - tip, y + 4), colour=colour)


SQUEEZE = _line((44, 8), (74, 28), (74, 36), (44, 56), (44, 8)) + _line(
    (116, 8), (86, 28), (86, 36), (116, 56), (116, 8)
)
TERMS = {
    "autoencoder": Term(
        "Autoencoder",
        "A network of two parts: the encoder turns an image into a code, the decoder draws the image again from it.",
        _box(6, 16, 32, 32) + SQUEEZE + _dot(80, 32, MAIN) + _box(122, 16, 32, 32),
    ),
    "code": Term(
        "Code",
        "The few numbers that an encoder makes of an image. The decoder draws the image again from them alone.",
        _box(6, 16, 32, 32)
        + _arrow(46, 32, 70)
        + _dot(84, 22, MAIN)
        + _dot(84, 42, MAIN)
        + _arrow(98, 32, 118)
        + _box(122, 16, 32, 32),
    ),
    "unit": Term("Unit", "One of the numbers of a code."),
    "latent space": Term("Latent space", "All possible codes: a code of two numbers is a place on a plane."),
    "model": Term(
        "Model", "A network with the weights that it has learnt in one training. You choose models on the pages."
    ),
    "plane": Term(
        "Plane",
        "A flat cut through the latent space. With two units it is the whole space; with more, codes lie off it, and a "
        "dot is drawn where its code is nearest to the plane.",
        _line((20, 50), (60, 20), (150, 20), (110, 50), (20, 50))
        + _dot(84, 8)
        + _line((84, 12), (84, 34), dashed=True)
        + _dot(84, 36, MAIN),
    ),
    "gap": Term(
        "Gap",
        "A length with which distances between codes are measured: 99 % of the test images have another test image "
        "within one gap.",
        _dot(34, 34) + _dot(58, 22) + _dot(70, 44) + _dot(118, 32) + _line((74, 43), (113, 33), colour=MAIN),
    ),
    "round trip": Term(
        "Round trip",
        "Decode a place, and encode what was drawn: the distance from the place to the new code. Where it is long, the "
        "model itself would put that image elsewhere.",
        _dot(24, 44, MAIN) + _arrow(32, 40, 62) + _box(66, 12, 32, 32) + _arrow(102, 26, 130) + _dot(138, 20),
    ),
    "stretch": Term(
        "Stretch",
        "How much the drawn image changes when the place moves a little. A strong stretch is a border between kinds of "
        "images.",
        _dot(20, 20)
        + _dot(30, 20, MAIN)
        + _arrow(40, 20, 64)
        + _dot(76, 20)
        + _dot(140, 20, MAIN)
        + _dot(20, 46)
        + _dot(30, 46, MAIN)
        + _arrow(40, 46, 64)
        + _dot(76, 46)
        + _dot(88, 46, MAIN),
    ),
    "density": Term("Density", "How many test images have their codes near a place."),
    "shift": Term(
        "Code shift",
        "How far units move when a little noise is added to images, compared with how far they vary between images: "
        "0.1 is a tenth of that. Smaller is steadier.",
    ),
    "reconstruction": Term("Reconstruction", "The image that the decoder draws from the code of an image."),
    "mse": Term(
        "MSE",
        "Mean squared error: the squared difference between two images, averaged over the pixels, whose greys go "
        "from 0 to 1. Smaller is better.",
    ),
    "bce": Term(
        "BCE",
        "Binary cross-entropy: how badly a reconstruction predicts the greys of an image, in nats per pixel. "
        "Smaller is better; it cannot reach 0 where pixels are grey.",
    ),
    "nat": Term("Nat", "The unit of information with the natural logarithm: 1 nat is 1.44 bits."),
    "5-nn": Term(
        "5-NN accuracy",
        "The share of test images whose class is that of most of their five nearest training images, by distance "
        "between codes. Larger is better.",
    ),
    "prior": Term(
        "Prior",
        "The distribution that a variational autoencoder keeps its codes close to, a standard normal one: sampling "
        "a code from it and decoding it gives a new image.",
    ),
    "principal direction": Term(
        "Principal direction",
        "A direction in which the codes vary most; the first more than the second, and so on (principal component "
        "analysis).",
        "".join(_dot(30 + 9 * i, 46 - 3 * i + (7 if i % 2 else -5), INK, 3) for i in range(12))
        + _line((22, 50), (144, 10), colour=MAIN),
    ),
    "pca": Term(
        "PCA",
        "Principal component analysis used as a code: an image's places along the principal directions of the "
        "training images. No other linear code reconstructs those better.",
    ),
    "t-sne": Term(
        "t-SNE",
        "A map on which images with near codes lie beside each other. Distances between groups mean nothing.",
    ),
    "epoch": Term("Epoch", "One pass over all training images."),
    "percentile": Term(
        "Percentile",
        "The 99th percentile is the value that 99 % of the test images stay below. An image with that value is at the "
        "99th percentile.",
    ),
    "psnr": Term(
        "PSNR",
        "Peak signal-to-noise ratio, in decibels: −10 times the logarithm of the MSE. Larger is better; 3 dB more is "
        "half the MSE.",
    ),
    "ssim": Term(
        "SSIM",
        "Structural similarity: compares brightness, contrast and structure in small windows. 1 is identical.",
    ),
    "floor": Term(
        "Floor",
        "What one would use instead of a model: raw pixels, PCA of the same size, the same network with random "
        "weights. A figure above it is what training was worth.",
    ),
    "probe": Term(
        "Linear probe",
        "A classifier that only weighs and adds the units of a code. What it gets right is there to be read, without a "
        "second network that could work it out.",
        _dot(30, 20)
        + _dot(46, 30)
        + _dot(36, 42)
        + _dot(112, 18, MAIN)
        + _dot(128, 34, MAIN)
        + _dot(116, 46, MAIN)
        + _line((64, 58), (94, 6)),
    ),
    "auroc": Term(
        "AUROC",
        "Take an odd image and a usual one at random: how often the odd one has the higher score. 1 is always, 0.5 is "
        "guessing, below it the score points the wrong way.",
    ),
    "average precision": Term(
        "Average precision",
        "Of the images with the highest scores, the share that is odd, averaged over how many one takes. By chance it "
        "is the share of odd ones among all.",
    ),
    "nmi": Term(
        "NMI",
        "Normalised mutual information: how much clusters tell of classes, from 0, nothing, to 1, everything, whatever "
        "the clusters are called.",
    ),
    "fréchet distance": Term(
        "Fréchet distance",
        "How far drawn images are from real ones as a crowd: it compares the mean and the spread of their features. 0 "
        "is the same crowd. It grows with fewer images, so compare it at the same number only.",
    ),
    "transfer": Term(
        "Transfer",
        "What was learnt from some images serves for others: a code of classes that the encoder never saw.",
    ),
    "precision and coverage": Term(
        "Precision and coverage",
        "Precision: the share of drawn images that lie among real ones. Coverage: the share of real ones that have a "
        "drawn image near. Draws that are all alike are precise and cover little.",
    ),
}


@cache
def picture(term: Term) -> str:
    """The address of a term's picture, an SVG; "" if it has none."""
    if not term.picture:
        return ""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 64" width="240" height="96">{term.picture}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def unknown(text: str) -> list[str]:
    """The terms that a text marks and that are not explained here."""
    return [name for word, term in MARKED.findall(text) if (name := term or word.lower()) not in TERMS]


def say(sentence: str, small: bool = False, prefix: str = "") -> None:
    """Says a sentence of this app's own words in which terms are marked; **bold** is the only other mark.

    Args:
        sentence: With ``[[term]]`` or ``[[word|term]]``.
        small: Whether it is set as a caption.
        prefix: Of its ids, where a page says the sentence twice.
    """
    numbers = itertools.count()
    explained: list[str] = []
    stem = f"{prefix}term-{zlib.crc32(sentence.encode())}"

    def mark(found: re.Match[str]) -> str:
        word, name = found[1], found[2] or found[1].lower()
        term, place = TERMS[name], f"{stem}-{next(numbers)}"
        image = f'<img src="{picture(term)}" alt="" width="240" height="96">' if term.picture else ""
        explained.append(
            f'<div popover class="term" id="{place}"><b>{term.title}</b><br>{html.escape(term.meaning)}{image}</div>'
        )
        return f'<button type="button" popovertarget="{place}">{word}</button>'

    text = MARKED.sub(mark, BOLD.sub(r"<b>\1</b>", html.escape(sentence, quote=False)))
    st.html(f'<p class="said{" small" * small}">{text}</p>{"".join(explained)}')
