"""What a server takes of the files that browsers send for a data set: as much as is allowed, also side by side."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message, Scope

from ae_core.data.sources import bundles
from ae_core.tasks import datasets
from pages.serving import incoming

PIECE = 99_000  # bytes: ten of them go beside the name of the owner


@pytest.fixture(autouse=True)
def little_is_allowed(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENT_EXPLORER_DATA_MB", "1")
    incoming._sizes.clear()


def place() -> tuple[str, Path]:
    token = datasets.open_incoming("alice")
    found = datasets.place_of(token)
    assert found
    return token, found


async def put(token: str, number: str, pieces: int, promised: int | None = None, cut: bool = False) -> int:
    """Sends so many pieces of a file, others between them; the status that the server answers."""

    async def body() -> AsyncIterator[Message]:
        for i in range(pieces):
            await asyncio.sleep(0)
            yield {"type": "http.request", "body": bytes(PIECE), "more_body": cut or i < pieces - 1}
        yield {"type": "http.disconnect"}

    given, answers = body(), []

    async def receive() -> Message:
        return await anext(given)

    async def send(message: Message) -> None:
        answers.append(message)

    size = pieces * PIECE if promised is None else promised
    scope: Scope = {"type": "http", "method": "PUT", "path": f"{incoming.PATH}/{token}/{number}", "query_string": b"",
                    "headers": [(b"content-length", str(size).encode())]}  # fmt: skip
    await Starlette(routes=[incoming.ROUTE])(scope, receive, send)
    return int(answers[0]["status"])


def test_files_are_kept_up_to_what_is_allowed_together() -> None:
    token, folder = place()
    assert asyncio.run(put(token, "0", 6)) == 204
    assert (folder / "0").stat().st_size == 6 * PIECE
    assert asyncio.run(put(token, "1", 5)) == 413
    assert asyncio.run(put(token, "1", 5, promised=0)) == 413, "what is promised is not believed"
    assert asyncio.run(put(token, "1", 4)) == 204
    assert {path.name for path in folder.iterdir()} == {"0", "1", datasets.OWNER}


def test_files_side_by_side_have_no_more_room_than_one_after_another() -> None:
    token, folder = place()

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(put(token, str(i), 4, promised=0) for i in range(6)))

    answers = asyncio.run(all_at_once())
    kept = sum(path.stat().st_size for path in folder.iterdir())
    assert kept <= 1_000_000 + 100
    assert 413 in answers
    assert not [*folder.glob("*.part")]
    assert asyncio.run(put(token, "9", 10 - 4 * answers.count(204))) == 204, "what was refused takes no room"


def test_a_file_that_is_cut_off_leaves_nothing_and_takes_no_room() -> None:
    token, folder = place()
    assert asyncio.run(put(token, "0", 5, cut=True)) == 499
    assert {path.name for path in folder.iterdir()} == {datasets.OWNER}
    assert asyncio.run(put(token, "0", 10)) == 204


@pytest.mark.parametrize("number", ["-1", "x", "owner", "1234567"])
def test_files_have_numbers_and_nothing_else(number: str) -> None:
    token, folder = place()
    assert asyncio.run(put(token, number, 1)) == 404
    assert {path.name for path in folder.iterdir()} == {datasets.OWNER}


def test_a_place_that_nobody_has_opened_takes_nothing(data_folder: Path) -> None:
    assert asyncio.run(put("0" * 32, "0", 1)) == 404
    assert asyncio.run(put("../../x", "0", 1)) == 404
    assert not [*data_folder.rglob("0")]


def test_an_almost_full_disk_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    token, folder = place()
    monkeypatch.setattr(incoming, "SPARE", 10**18)
    assert asyncio.run(put(token, "0", 1)) == 507
    assert {path.name for path in folder.iterdir()} == {datasets.OWNER}


def test_a_file_that_comes_twice_at_a_time_is_one_file_and_counts_once() -> None:
    token, folder = place()

    async def twice() -> list[int]:
        return await asyncio.gather(put(token, "0", 4), put(token, "0", 3))

    assert asyncio.run(twice()) == [204, 204]
    size = (folder / "0").stat().st_size
    assert size in (4 * PIECE, 3 * PIECE), "one of them, whole"
    assert incoming._sizes[token] == sum(path.stat().st_size for path in folder.iterdir())
    assert asyncio.run(put(token, "0", 5)) == 204
    assert asyncio.run(put(token, "1", 5)) == 204, "what was replaced takes no room"


def test_no_file_has_a_number_beyond_the_most_that_are_taken() -> None:
    token, _ = place()
    assert asyncio.run(put(token, str(bundles.MAX_FILES), 1)) == 404
