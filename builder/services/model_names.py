"""Names of models at their hosts: the model that each names, its size, and what else the name tells."""

from __future__ import annotations

import re
from typing import Final

_VARIANT: Final = re.compile(r"(-maas|-fp8|-instruct|-hf|-tee|-it|-chat|:free)+$")
_TURBO: Final = re.compile(r"^(meta-)?llama.*-turbo$|^gemma.*-turbo$")
_MAKER: Final = re.compile(
    r"^(?:ai21|amazon|deepseek|google|meta|minimax|mistral|mistralai|moonshot|moonshotai|nvidia|openai|qwen|zai|zai-org)\.",
    re.IGNORECASE,
)
_INSTRUCT: Final = re.compile(r"-(instruct|it|chat)(?=$|-(maas|fp8|hf|tee|turbo|v\d)|[:@])", re.IGNORECASE)
_REGION: Final = re.compile(
    r"(?:^|/)(?:(?:us|eu|global|[a-z]{2}(?:-gov|-iso[a-z]*)?(?:-[a-z]+-\d)|us-gov)/|(?:us|us-gov|eu|apac|au|ca|jp|global)\.)"
)
"""A region as a part of the path of a name, or before the maker."""
_SIZE: Final = re.compile(r"(?<![\da-z])(?:(\d+)x)?(\d+)b(?![a-z])")


def without_maker(operation: str) -> str:
    """Return the name of a model without the maker that precedes it, as in `openai.gpt-oss-20b`."""
    return _MAKER.sub("", operation)


def model_of(name: str) -> str:
    """Return the model that an entry names, without maker, host, quantisation and revision.

    Args:
        name: Name of an entry, such as `fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct`.

    Returns:
        The model in lower case, with hyphens for all separators: `llama-3-3-70b`.
    """
    model = name.rpartition("/")[2].lower().replace("_", "-")
    model = re.sub(r"(@.*|:\d+|-v\d+:\d+)$", "", _MAKER.sub("", model))
    model = re.sub(r"(\d)p(\d)", r"\1-\2", model).replace(".", "-")
    if _TURBO.match(model):
        model = model.removesuffix("-turbo")
    model = _VARIANT.sub("", model).removeprefix("meta-")
    return re.sub(r"^(llama|qwen|gemma)-?v?(\d)", r"\1-\2", model)


def is_regional(name: str) -> bool:
    """Return True if an entry is for one region of its provider, as in `bedrock/ap-south-1/qwen.qwen3-32b`."""
    return _REGION.search(name) is not None


def is_instruct(name: str) -> bool:
    """Return True if the name of an entry ends in `-instruct`, `-it` or `-chat`: the model follows instructions."""
    return _INSTRUCT.search(name.rpartition("/")[2]) is not None


def size_of(model: str) -> float | None:
    """Return the billions of parameters that the identifier of a model names; None if it names none.

    Args:
        model: Identifier as `model_of` returns it; `8x7b` is 56.
    """
    found = _SIZE.search(model)
    return float(found[2]) * float(found[1] or 1) if found else None
