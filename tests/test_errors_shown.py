"""A page that stops on an uncaught error: one sentence for the visitor, the place of the error for the log."""

import pytest
from streamlit.testing.v1 import AppTest


def stopping() -> None:
    from pages.serving import errors

    try:
        raise ValueError("somebody's secret")
    except Exception as error:
        if not errors.on_script_error(error):  # Streamlit would show its own message as well
            raise


def test_the_page_names_its_session_and_the_log_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    page = AppTest.from_function(stopping, default_timeout=60).run()
    assert not page.exception
    (sentence,) = [error.value for error in page.error]
    assert "session " in sentence
    assert "Traceback" not in sentence
    assert "nothing of yours is lost" not in sentence, "a reload begins a session without drawing and pictures"
    assert "lose your drawing and your pictures" in sentence
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "page failed" in line]
    assert "error   page failed" in line
    assert "secret" not in line + sentence


def stopping_within() -> None:
    import streamlit as st

    @st.fragment
    def page() -> None:
        @st.fragment
        def part() -> None:
            raise ValueError("no")

        part()

    page()


def test_an_error_within_a_page_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.serving import errors

    told: list[bool] = []
    for module in ("fragment", "scriptrunner.exec_code"):  # as on a server with app.py
        name = f"streamlit.runtime.{module}.handle_user_script_exception"
        monkeypatch.setattr(name, lambda error, *_: told.append(errors.on_script_error(error)))
    page = AppTest.from_function(stopping_within, default_timeout=60).run()
    assert len(page.error) == 1
    assert told == [True, True]


def test_the_app_tells_of_its_errors_that_way() -> None:
    import app
    from pages.serving import errors

    assert app.app._on_script_error is errors.on_script_error
