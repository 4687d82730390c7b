"""The files of lessons: Markdown with a few lines in front, headings for steps, and blocks for what is asked.

docs/lessons.md describes them for those who write them. A mistake is told with its file and line, and costs no lesson
but the one that has it.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ae_core.errors import LessonError, OptionError
from ae_core.lessons import pictures, quantities
from ae_core.lessons.quantities import Asked

MOST = 100_000  # bytes of a file
FILE = re.compile(r"\d+-([a-z0-9]+(?:-[a-z0-9]+)*)\.md")
FOLDER = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")  # of a language, as "en" or "pt-BR"
QUANTITY = re.compile(r"\{([^{}]*)\}")
LINE = re.compile(r"([a-z]+):(?:\s+(.*))?")
BAR = "---"
HEADING = "## "
FENCE = "```"
OF_ADDRESS = ("embed", "embed_options")  # how the dashboard is shown: links may not ask for it
BLOCKS = ("question", "picture", "try")
MOST_STEPS = 10_000  # of an estimate, from its least value to its greatest
ESTIMATE, NEAREST, LARGEST, SMALLEST = "estimate", "nearest", "largest", "smallest"
HOW = (ESTIMATE, NEAREST, LARGEST, SMALLEST)


@dataclass(frozen=True)
class Text:
    """Paragraphs, Markdown; quantities in it stand in braces.

    Attributes:
        line: Where it begins in its file, from 1.
        markdown: As it is written.
        asked: The quantities in it, in their order.
    """

    line: int
    markdown: str
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture of runs."""

    line: int
    asked: Asked


@dataclass(frozen=True)
class Option:
    """What one may choose.

    Attributes:
        label: Markdown.
        number: Its value, where the nearest to a quantity is asked for.
        asked: Its quantity, where the largest or smallest one is asked for.
    """

    label: str
    number: float = 0.0
    asked: Asked | None = None


@dataclass(frozen=True)
class Question:
    """A question whose answer a quantity gives.

    Attributes:
        line: Where it begins in its file.
        ask: The question, in a sentence.
        how: One of `HOW`: to estimate a quantity, or which option is the nearest, largest or smallest.
        answer: The quantity to estimate, or that options are to be near.
        options: To choose from; none for an estimate.
        low, high, step: Of an estimate.
    """

    line: int
    ask: str
    how: str
    answer: Asked | None = None
    options: tuple[Option, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All quantities that its answer takes."""
        return (self.answer,) if self.answer else tuple(option.asked for option in self.options if option.asked)

    def right(self, values: Sequence[float]) -> int:
        """The number of the right option, from 0, given the values of `asked`."""
        if self.how == NEAREST:
            apart = [abs(option.number - values[0]) for option in self.options]
            return apart.index(min(apart))
        return list(values).index(max(values) if self.how == LARGEST else min(values))


@dataclass(frozen=True)
class Try:
    """A page to go on to.

    Attributes:
        line: Where it begins in its file.
        page: The name of its script.
        label: Of the link.
        do: What to do there, in a sentence or two.
        notice: What to look for.
        settings: What the link asks that page for.
    """

    line: int
    page: str
    label: str
    do: str
    notice: str
    settings: dict[str, str] = field(default_factory=dict)


Part = Text | Picture | Question | Try


@dataclass(frozen=True)
class Step:
    """What is shown at a time."""

    title: str
    parts: tuple[Part, ...]

    @property
    def question(self) -> Question | None:
        """The one that it asks, if any."""
        return next((part for part in self.parts if isinstance(part, Question)), None)


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        name: In links: that of its file, without its number.
        file: Folder and name of its file, for people.
        title: A word or two.
        promise: What one learns, in a sentence.
        minutes: How long it takes.
        reference: What to read on; "" if there is nothing.
        steps: At least one.
    """

    name: str
    file: str
    title: str
    promise: str
    minutes: int
    reference: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Known:
    """What lessons may name that the library does not know of.

    Attributes:
        pages: Names of pages.
        unknown: The terms that a text marks and nobody explains.
    """

    pages: Collection[str]
    unknown: Callable[[str], Sequence[str]] = lambda text: ()


def languages(folder: Path) -> list[str]:
    """The languages there are lessons in: the names of the folders in that one, by the alphabet."""
    try:
        return sorted(path.name for path in folder.iterdir() if FOLDER.fullmatch(path.name) and path.is_dir())
    except OSError:
        return []


def files(folder: Path) -> list[Path]:
    """The files of lessons in a language's folder, in the order of their numbers."""
    try:
        found = [path for path in folder.iterdir() if FILE.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, key=lambda path: (int(path.name.partition("-")[0]), path.name))


def read(path: Path, known: Known) -> Lesson:
    """Reads a file.

    Args:
        path: Its name is a number, a dash and the lesson's name, and ends with ".md".
        known: What it may name.

    Raises:
        LessonError: if it cannot be read, or has a mistake; names the file and, of a mistake, the line.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise LessonError(f"{name} has more than {MOST:,} bytes: make several lessons of it.")
        return parse(content.decode(), name, known)
    except OSError as error:
        raise LessonError(f"{name} cannot be read ({error.strerror or error}).") from None
    except UnicodeDecodeError:
        raise LessonError(f"{name} is not UTF-8: save it with that encoding.") from None


def parse(content: str, file: str, known: Known) -> Lesson:
    """Reads a lesson.

    Args:
        content: Of its file.
        file: Folder and name of the file.
        known: What it may name.

    Raises:
        LessonError: as `read`.
    """
    return _Reader(content, file, known).lesson()


class _Reader:
    """Reads one file from its first line to its last."""

    def __init__(self, content: str, file: str, known: Known) -> None:
        self._lines = content.removeprefix("\ufeff").splitlines()
        self._file = file
        self._known = known

    def _fail(self, line: int, sentence: str) -> LessonError:
        return LessonError(f"{self._file}, line {line}: {sentence}.")

    def lesson(self) -> Lesson:
        front, end = self._front()
        steps = tuple(self._steps(end))
        if not steps:
            raise self._fail(len(self._lines) or 1, f"there is no step, expected a line that begins with {HEADING!r}")
        return Lesson(
            FILE.sub(r"\1", self._file.split("/")[-1]),
            self._file,
            front["title"][1],
            front["promise"][1],
            int(front["minutes"][1]),
            front.get("reference", (0, ""))[1],
            steps,
        )

    def _front(self) -> tuple[dict[str, tuple[int, str]], int]:
        """What stands in front, and the number of the line after it, from 0."""
        if not self._lines or self._lines[0].strip() != BAR:
            raise self._fail(1, f"expected {BAR!r}, then lines such as 'title: …', then {BAR!r} again")
        end = next((i for i in range(1, len(self._lines)) if self._lines[i].strip() == BAR), 0)
        if not end:
            raise self._fail(1, f"what stands in front must end with a line {BAR!r}")
        front: dict[str, tuple[int, str]] = {}
        for line, key, value in self._pairs(1, end):
            if key not in ("title", "promise", "minutes", "reference"):
                raise self._fail(line, f"unknown {key!r}, expected title, promise, minutes or reference")
            if key in front:
                raise self._fail(line, f"{key!r} is there twice")
            front[key] = line, value
        for key in ("title", "promise", "minutes"):
            if key not in front:
                raise self._fail(1, f"{key!r} is missing in front")
        line, minutes = front["minutes"]
        if not (minutes.isascii() and minutes.isdecimal() and len(minutes) < 3 and 1 <= int(minutes) <= 60):
            raise self._fail(line, f"minutes must be a whole number from 1 to 60, got {minutes!r}")
        return front, end + 1

    def _pairs(self, start: int, end: int) -> Iterator[tuple[int, str, str]]:
        """Lines "key: value" with their numbers, from 1; a line that is indented goes on with the one before."""
        found: list[tuple[int, str, str]] = []
        for i in range(start, end):
            text = self._lines[i]
            if not text.strip():
                continue
            if text[0].isspace() and found:
                line, key, value = found[-1]
                found[-1] = line, key, f"{value} {text.strip()}".strip()
                continue
            matched = LINE.fullmatch(text.strip())
            if not matched:
                raise self._fail(i + 1, f"expected 'key: value', got {text.strip()!r}")
            found.append((i + 1, matched[1], (matched[2] or "").strip()))
        for line, key, value in found:
            if not value and key not in HOW:
                raise self._fail(line, f"{key!r} has no value")
        yield from found

    def _steps(self, start: int) -> Iterator[Step]:
        title = ""
        parts: list[Part] = []
        text: list[str] = []
        i = start
        begun = start

        def take() -> None:
            """Makes a part of the lines of text that were read."""
            markdown = "\n".join(text).strip("\n")
            if markdown.strip():
                parts.append(self._text(begun + 1, markdown))
            text.clear()

        headed = 0
        while i < len(self._lines):
            line = self._lines[i]
            block = line.strip().removeprefix(FENCE) if line.startswith(FENCE) else ""
            if line.startswith(HEADING):
                take()
                if headed:
                    yield self._step(headed, title, parts)
                title, parts, headed = line.removeprefix(HEADING).strip(), [], i + 1
            elif not headed and line.strip():
                raise self._fail(i + 1, f"text must stand below a heading that begins with {HEADING!r}")
            elif line.startswith(FENCE):
                end = next((k for k in range(i + 1, len(self._lines)) if self._lines[k].strip() == FENCE), 0)
                if not end:
                    raise self._fail(i + 1, f"the block {block or FENCE!r} has no end, expected a line {FENCE!r}")
                if block not in BLOCKS:
                    raise self._fail(i + 1, f"unknown block {block!r}, expected {', '.join(BLOCKS)}")
                take()
                parts.append(getattr(self, f"_{block}")(i + 1, end))
                i = end
            else:
                if not text:
                    begun = i
                if text or line.strip():
                    text.append(line)
            i += 1
        take()
        if headed:
            yield self._step(headed, title, parts)

    def _step(self, line: int, title: str, parts: list[Part]) -> Step:
        if not title:
            raise self._fail(line, "the heading has no words")
        if not parts:
            raise self._fail(line, f"the step {title!r} is empty")
        if sum(isinstance(part, Question) for part in parts) > 1:
            raise self._fail(line, f"the step {title!r} asks twice: give each question a step of its own")
        return Step(title, tuple(parts))

    def _text(self, line: int, markdown: str) -> Text:
        asked = []
        for found in QUANTITY.finditer(markdown):  # it may go on in the next line, as a term may
            asked.append(self._quantity(line + markdown.count("\n", 0, found.start()), found[1]))
        number = line
        for paragraph in markdown.split("\n\n"):
            for term in self._known.unknown(" ".join(paragraph.split())):
                named = (i for i, each in enumerate(paragraph.split("\n")) if term in self._known.unknown(each))
                raise self._fail(number + next(named, 0), f"no term {term!r} is in the glossary")
            number += paragraph.count("\n") + 2
        return Text(line, markdown, tuple(asked))

    def _quantity(self, line: int, text: str) -> Asked:
        try:
            return quantities.parse(text)
        except OptionError as error:
            raise self._fail(line, str(error)) from None

    def _number(self, line: int, key: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) < 1e9:
            raise self._fail(line, f"{key} must be a number, got {text!r}")
        return value

    def _picture(self, line: int, end: int) -> Picture:
        words = " ".join(self._lines[line:end]).strip()
        try:
            return Picture(line, pictures.parse(words))
        except OptionError as error:
            raise self._fail(line + 1, str(error)) from None

    def _keys(
        self, line: int, end: int, needs: Sequence[str], may: Sequence[str] = (), often: Sequence[str] = ()
    ) -> tuple[dict[str, tuple[int, str]], list[tuple[int, str, str]]]:
        """The keys of a block: those that stand there once, and those that may stand there more often."""
        once: dict[str, tuple[int, str]] = {}
        many: list[tuple[int, str, str]] = []
        for number, key, value in self._pairs(line, end):
            if key in often:
                many.append((number, key, value))
            elif key not in (*needs, *may):
                raise self._fail(number, f"unknown {key!r}, expected {', '.join((*needs, *may, *often))}")
            elif key in once:
                raise self._fail(number, f"{key!r} is there twice")
            else:
                once[key] = number, value
        for key in needs:
            if key not in once:
                raise self._fail(line, f"{key!r} is missing in this block")
        return once, many

    def _question(self, line: int, end: int) -> Question:
        once, many = self._keys(line, end, ["ask"], [*HOW, "from", "to", "step"], ["option"])
        how = [key for key in HOW if key in once]
        if len(how) != 1:
            raise self._fail(line, f"a question has one of {', '.join(HOW)}, got {' and '.join(how) or 'none'}")
        number, value = once[how[0]]
        ask = once["ask"][1]
        if how[0] == ESTIMATE:
            if many:
                raise self._fail(many[0][0], "a quantity is estimated without options")
            for key in ("from", "to", "step"):
                if key not in once:
                    raise self._fail(line, f"{key!r} is missing in this block: an estimate goes from, to, by a step")
            low, high, step = (self._number(*(once[key][0], key, once[key][1])) for key in ("from", "to", "step"))
            if not (low < high and 0 < step <= high - low):
                raise self._fail(once["from"][0], f"an estimate must rise from {low:g} to {high:g} by {step:g}")
            if high - low > MOST_STEPS * step:
                at, told = once["step"][0], f"from {low:g} to {high:g} must be at most {MOST_STEPS:,} steps"
                raise self._fail(at, f"{told}, got {step:g} for one")
            return Question(line, ask, ESTIMATE, self._quantity(number, value), (), low, high, step)
        if len(many) < 2:
            raise self._fail(line, f"at least two options are needed, got {len(many)}")
        for key in ("from", "to", "step"):
            if key in once:
                raise self._fail(once[key][0], f"{key!r} belongs to an estimate")
        options = tuple(self._option(how[0], at, text) for at, _, text in many)
        if len({option.label for option in options}) < len(options):
            raise self._fail(many[0][0], "two options are called the same")
        if how[0] != NEAREST and value:
            raise self._fail(
                number, f"{how[0]!r} has no value: each option has its quantity, as 'option: words | mse RUN'"
            )
        return Question(line, ask, how[0], self._quantity(number, value) if how[0] == NEAREST else None, options)

    def _option(self, how: str, line: int, text: str) -> Option:
        label, bar, rest = (part.strip() for part in text.rpartition("|"))
        if how == NEAREST:
            return Option(label if bar else rest, self._number(line, "the value of an option", rest))
        if not bar:
            raise self._fail(line, f"an option is 'words | quantity', got {text!r}")
        return Option(label, asked=self._quantity(line, rest))

    def _try(self, line: int, end: int) -> Try:
        once, many = self._keys(line, end, ["page", "label", "do", "notice"], often=["with"])
        number, page = once["page"]
        if page not in self._known.pages:
            raise self._fail(number, f"there is no page {page!r}, expected one of {', '.join(self._known.pages)}")
        settings = {}
        for at, _, text in many:
            name, equals, setting = (part.strip() for part in text.partition("="))
            if not (name and equals):
                raise self._fail(at, f"expected 'with: name = value', got {text!r}")
            if name.lower() in OF_ADDRESS:
                raise self._fail(at, f"{name!r} is no setting of a page: leave it out")
            settings[name] = setting
        return Try(line, page, once["label"][1], once["do"][1], once["notice"][1], settings)
