"""Any schema of a tool is read as parameters that function-calling interfaces accept, or refused under a reason."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.catalogue.documents import UnreadableError
from builder.catalogue.json_references import References
from builder.catalogue.normalise import UnusableSchemaError, to_tool
from builder.catalogue.raw_tools import RawTool, Skipped
from builder.catalogue.schema_parameters import SchemaReader
from builder.export import tool_row
from hf_dataset.schema import ToolDoc
from petoolbench.inference.tool_calling import function_tools, safe_names
from tests.function_rules import violations

KEYWORDS = (
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "type",
    "properties",
    "required",
    "items",
    "prefixItems",
    "enum",
    "const",
)
KEYS = st.sampled_from(
    [*KEYWORDS, "additionalProperties", "format", "default", "description", "a", "b[]", "b", "", "$defs"]
)
TYPES = st.sampled_from(
    ["object", "array", "string", "integer", "NUMBER", "boolean", "null", "file", "any", "date", "#/$defs", "#/$defs/a"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.just(float("nan"))
    | TYPES
    | st.sampled_from(["a", "b[]", "\x1b[2J", ""])
)
NESTED = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=25
)
PROPERTIES = st.dictionaries(st.sampled_from(["a", "b", "b[]", "c d", "required", "x" * 70]), NESTED, max_size=4)
SCHEMAS = NESTED | st.fixed_dictionaries(
    {}, optional={"properties": PROPERTIES, "anyOf": st.lists(st.fixed_dictionaries({"properties": PROPERTIES}), max_size=3),
                  "required": st.lists(st.sampled_from(["a", "b[]", "z"]), max_size=2), "$defs": NESTED, "type": TYPES}
)  # fmt: skip


@settings(max_examples=150)
@given(SCHEMAS)
def test_a_schema_becomes_a_function_that_interfaces_accept(schema: Any) -> None:
    try:
        parameters = SchemaReader(References(schema, Skipped())).inputs(schema)
        raw = RawTool("Weather", "Cloudly", "", "now", "Weather", parameters)
        row = tool_row(to_tool(raw, set()))
    except (UnreadableError, UnusableSchemaError):
        return
    doc = ToolDoc(row.name, row.provider, row.description, row.listing, row.parameters)
    assert not violations(function_tools([doc], safe_names([doc.name])))
    assert "NaN" not in row.parameters
    assert "\x1b" not in row.parameters
