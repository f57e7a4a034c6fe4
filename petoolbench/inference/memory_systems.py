"""Memory systems: Python classes that read the sessions of a user one by one and then answer the request.

A system is made anew for every instance, so that it knows only the sessions of one user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from builder.errors import ConfigError, DataError
from hf_dataset.schema import Instance, ToolDoc
from hf_dataset.sessions import Session, sessions_of
from petoolbench.prompts import Prompt, prompt
from petoolbench.run_settings import MEMORY_SYSTEM, RunSettings

from .session_memories import tokens_of


@dataclass(frozen=True, slots=True)
class MemoryAnswer:
    """Reply of a memory system, with the tokens that it used."""

    text: str
    """The tool call, as `prompt` asks for it."""
    memory_tokens: int | None = None
    """Size of the memory that was shown to the model; None for the size that `Question.prompt` counted."""
    input_tokens: int | None = None
    """Input tokens of all requests to models, those during reading included."""
    output_tokens: int | None = None
    """Output tokens of all these requests."""


class Question:
    """The current request of a user, without the history.

    Args:
        row: The instance under its history view.
        settings: Settings of the run.
    """

    budget: int | None
    """Largest allowed size of the memory in the prompt in tokens; None without a limit."""
    memory_tokens: int | None
    """Size of the largest memory that `prompt` was called with; None if it was not called."""
    tool_names: dict[str, str]
    """Name of each candidate by the name of its function, after a call of `prompt` in the mode `tools`."""

    def __init__(self, row: Instance, settings: RunSettings) -> None:
        self._row = replace(row, history=[], history_tools=[], evidence=[], answer=None, meta=None)
        self._settings = settings
        self.budget = settings.memory_tokens
        self.memory_tokens = None
        self.tool_names = {}

    @property
    def instance_id(self) -> str:
        """Id of the instance."""
        return self._row.instance_id

    @property
    def instruction(self) -> str:
        """The current request."""
        return self._row.instruction

    @property
    def today(self) -> str | None:
        """Day of the request, such as `2026-11-29`; None if it has none."""
        return self._row.today

    @property
    def candidates(self) -> list[ToolDoc]:
        """Documentation of the tools that can be called."""
        return self._row.candidates

    def prompt(self, memory: str) -> Prompt:
        """Return the official prompt with a memory in place of the history.

        Args:
            memory: Text of the memory; a token is counted as 3 bytes.

        Raises:
            DataError: If the memory is larger than the budget.
        """
        tokens = tokens_of(memory) if memory else 0
        if self.budget is not None and tokens > self.budget:
            raise DataError(
                f"The memory for {self.instance_id!r} has {tokens:,} tokens (3 bytes each), more than the budget of "
                f"{self.budget:,}. Shorten it to the `budget` of the question, or raise memory_tokens "
                "(--memory-tokens)."
            )
        self.memory_tokens = max(tokens, self.memory_tokens or 0)
        settings = self._settings
        request = prompt(self._row, mode=settings.mode, system_role=settings.system_role, memory=memory)
        self.tool_names = dict(request.tool_names)
        return request


@runtime_checkable
class MemorySystem(Protocol):
    """System that reads the sessions of one user in their order, and then answers one question."""

    def read(self, session: Session) -> None:
        """Read a session. `session.text` is its text; `session.date`, `steps` and `tools` are its parts."""
        ...

    def answer(self, question: Question) -> str | MemoryAnswer:
        """Return the tool call for the current request, as text or with the tokens used."""
        ...


NewSystem = Callable[[], MemorySystem]
"""Class of a memory system, or a function that returns a new one."""


def ask_system(new_system: NewSystem, row: Instance, settings: RunSettings) -> tuple[Question, MemoryAnswer]:
    """Have a new memory system read the sessions of a row and answer; return the question and the answer.

    Raises:
        DataError: If the object has no `read` and `answer`, the answer is neither text nor a `MemoryAnswer`, or its
            memory is larger than the budget.
        Exception: If the system raises it.
    """
    system = new_system()
    if not isinstance(system, MemorySystem):
        raise DataError(
            f"The memory system is of type {type(system).__name__}, which lacks read(session) or answer(question). "
            "Pass a class that has both."
        )
    for session in sessions_of(row, settings.docs):
        system.read(session)
    question = Question(row, settings)
    answer = system.answer(question)
    if isinstance(answer, str):
        answer = MemoryAnswer(answer)
    if not isinstance(answer, MemoryAnswer) or not isinstance(answer.text, str):
        raise DataError(
            f"The memory system returned a {type(answer).__name__} for {row.instance_id!r}. Return the reply as text "
            "or as a MemoryAnswer."
        )
    if answer.memory_tokens is None:
        answer = replace(answer, memory_tokens=question.memory_tokens)
    if question.budget is not None and (answer.memory_tokens or 0) > question.budget:
        raise DataError(
            f"The memory system states {answer.memory_tokens:,} memory tokens for {row.instance_id!r}, more than the "
            f"budget of {question.budget:,}. Raise memory_tokens (--memory-tokens)."
        )
    return question, answer


def open_system(model: str) -> NewSystem:
    """Return the class that `memory:MODULE:CLASS` names.

    Raises:
        ConfigError: If the name has another form, or the module or class is missing.
    """
    module_name, _, class_name = model.removeprefix(MEMORY_SYSTEM).partition(":")
    if not module_name or not class_name:
        raise ConfigError(f"Invalid model {model!r}. Expected {MEMORY_SYSTEM}MODULE:CLASS, such as memory:notes:Notes.")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise ConfigError(
            f"The module {module_name!r} of {model!r} is not found. Install it, or add its folder to PYTHONPATH."
        ) from error
    found: Any = getattr(module, class_name, None)
    if not callable(found):
        raise ConfigError(f"The module {module_name!r} has no class {class_name!r}. Check the name in {model!r}.")
    return partial(found)
