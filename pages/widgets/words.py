"""Sentences about images, said of whatever a data set holds: signals, or rows of a table."""

import re

from ae_core.forms import Form

_WORDS = re.compile(r"\b([Aa]n )?([Ii])mage(s?)\b|\b([Pp])ixel(s?)\b")


class Words:
    """Says sentences of examples of a form.

    Sentences are written of images and pixels, since that is what most of them are about.
    """

    def __init__(self, form: Form) -> None:
        self._form = form

    def __call__(self, sentence: str) -> str:
        """A sentence about images, said of these examples."""
        return sentence if self._form.is_image else _WORDS.sub(self._say, sentence)

    def _say(self, found: re.Match[str]) -> str:
        article, image, images, pixel, pixels = found.groups()
        if pixel:
            return ("Value" if pixel == "P" else "value") + pixels
        noun = self._form.noun.capitalize() if image == "I" else self._form.noun
        return ({"an ": "a ", "An ": "A "}.get(article, "") if article else "") + noun + images
