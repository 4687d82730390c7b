"""Words that people give."""

import unicodedata

JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner


def short(text: str, most: int) -> str:
    """Returns user text as `clean` does, with at most so many characters; what it returned it leaves as it is."""
    return clean(clean(text)[:most])


def clean(text: str) -> str:
    """Returns user text as one printable line, without control and formatting characters and lone surrogates.

    What joins letters or emoji, or keeps them apart, stays between them.
    """
    kept = (c if c.isprintable() or c in JOINERS else "" if unicodedata.category(c) == "Cf" else " " for c in text)
    return " ".join("".join(kept).split()).strip(JOINERS + " ")


def some(count: int, thing: str) -> str:
    """How many of a thing, as in "1 row" and "1,200 rows"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"
