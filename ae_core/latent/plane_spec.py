"""Names of planes through the codes of a run, short enough for a link."""

import re
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Self

import numpy as np

from ae_core.errors import OptionError
from ae_core.latent.planes import Plane, main_plane, principal_plane, triangle_plane, unit_plane

MAX_UNITS = 1024  # of a code in a name
_NUMBER = "(?:0|[1-9][0-9]{0,8})"
_NAME = re.compile(
    f"main|images(?P<images>(?:-{_NUMBER}){{3}})|(?P<kind>directions|units)(?P<axes>(?:-{_NUMBER}){{2}})"
    f"-(?:image-(?P<image>{_NUMBER})|code-(?P<code>[A-Za-z0-9_-]+))"
)


@dataclass(frozen=True)
class PlaneSpec:
    """Which plane through the codes of a run's test images. `str` writes its name, `parse` reads it.

        main                        what `main_plane` gives
        directions-1-2-image-7      along two principal directions, through the code of a test image
        units-3-5-code-ADwAQA       along two units, through a code, see `code_text`
        images-0-1-2                through the codes of three test images

    Attributes:
        kind: "main", "directions", "units" or "images".
        numbers: Of two directions or units, from 1; of three test images, from 0.
        through: The number of a test image, or a code as `code_text` writes it; of "directions" and "units" only.
    """

    kind: str = "main"
    numbers: tuple[int, ...] = ()
    through: int | str = 0

    @classmethod
    def parse(cls, name: str) -> Self:
        """Reads a name; each plane has one.

        Raises:
            OptionError: if it is not what `str` writes.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            such = "directions-1-3-image-0 or units-2-5-image-0"
            raise OptionError(f"There is no plane {name[:80]!r}: expected main, or such as {such}.")
        if match["code"]:
            parse_code(match["code"])
        numbers = tuple(int(n) for n in (match["images"] or match["axes"] or "").split("-")[1:])
        kind = match["kind"] or ("images" if numbers else "main")
        return cls(kind, numbers, match["code"] or int(match["image"] or 0))

    def __str__(self) -> str:
        name = "-".join([self.kind, *map(str, self.numbers)])
        if self.kind not in ("directions", "units"):
            return name
        return f"{name}-{'code' if isinstance(self.through, str) else 'image'}-{self.through}"

    def plane(self, codes: np.ndarray) -> Plane:
        """The plane through codes (n, d) of the test images.

        Raises:
            OptionError: if they have no such plane.
        """
        if self.kind == "main":
            return main_plane(codes)
        if self.kind == "images":
            return triangle_plane(codes, np.stack([_code_of(codes, number) for number in self.numbers]))
        first, second = self.numbers
        along = principal_plane if self.kind == "directions" else unit_plane
        return along(codes, (first, second), self.start(codes))

    def start(self, codes: np.ndarray) -> np.ndarray:
        """The code (d,) on the plane to begin at: what it goes through, or the first of its images.

        Raises:
            OptionError: if there is no such image, or the code has other units than `codes` (n, d).
        """
        if isinstance(self.through, int):
            return _code_of(codes, self.numbers[0] if self.kind == "images" else self.through)
        code = parse_code(self.through)
        if code.shape != codes.shape[1:]:
            raise OptionError(f"The plane goes through a code of {len(code)} units, expected {codes.shape[1]}.")
        return code


MAIN_PLANE = PlaneSpec()


def code_text(code: np.ndarray) -> str:
    """A code (d,) as text for links: base64 of float16."""
    return urlsafe_b64encode(np.asarray(code, "<f2").tobytes()).decode().rstrip("=")


def parse_code(text: str) -> np.ndarray:
    """Reads what `code_text` writes, float32 (d,).

    Raises:
        OptionError: if it is anything else, or of more than `MAX_UNITS` units.
    """
    try:
        if 3 * len(text) > 8 * MAX_UNITS + 2:
            raise ValueError
        code = np.frombuffer(b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), "<f2")
        if not np.isfinite(code).all() or code_text(code) != text:
            raise ValueError
    except (Base64Error, ValueError):
        raise OptionError(f"A code must be base64 of up to {MAX_UNITS} finite float16, got {text[:20]!r}.") from None
    return code.astype(np.float32)


def _code_of(codes: np.ndarray, number: int) -> np.ndarray:
    if number >= len(codes):
        raise OptionError(f"There is no test image {number}: they have the numbers 0 to {len(codes) - 1}.")
    code: np.ndarray = codes[number]
    return code
