"""How many, as a sentence says it."""

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def say(count: int) -> str:
    """A number as a word, up to twelve."""
    return WORDS[count] if count < len(WORDS) else f"{count:,}"
