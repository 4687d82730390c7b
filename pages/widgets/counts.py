"""How many, as a sentence says it."""

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def say(count: int) -> str:
    """A number as a word, up to twelve."""
    return WORDS[count] if count < len(WORDS) else f"{count:,}"


def units(count: int) -> str:
    """As "2 units"."""
    return _of(count, "unit")


def epochs(count: int) -> str:
    """As "2 epochs"."""
    return _of(count, "epoch")


def images(count: int) -> str:
    """As "2 images"."""
    return _of(count, "image")


def trainings(count: int) -> str:
    """As "2 trainings"."""
    return _of(count, "training")


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' * (count != 1)}"
