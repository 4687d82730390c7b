"""Sentences about images, said of whatever a data set holds: signals, or rows of a table."""

import re

from ae_core.forms import Form

_WORDS = re.compile(r"\b([Aa]n )?([Ii])mage(s?)\b|\b([Pp])ixel(s?)\b")


class Words:
    """Says sentences of examples of one or several forms.

    Sentences are written of images and pixels, since that is what most of them are about.
    """

    def __init__(self, *forms: Form) -> None:
        nouns, values = {form.noun for form in forms}, {form.value for form in forms}
        self._noun = nouns.pop() if len(nouns) == 1 else "example"
        self._value = values.pop() if len(values) == 1 else "value"

    def __call__(self, sentence: str) -> str:
        """A sentence about images, said of these examples."""
        return sentence if self._noun == "image" else _WORDS.sub(self._say, sentence)

    def _say(self, found: re.Match[str]) -> str:
        article, image, images, pixel, pixels = found.groups()
        if pixel:
            return _as(pixel, self._value) + pixels
        if article and self._noun[0] not in "aeiou":
            article = article.replace("n", "")
        return (article or "") + _as(image, self._noun) + images


def _as(letter: str, word: str) -> str:
    """A word that begins as large as a letter."""
    return word.capitalize() if letter.isupper() else word
