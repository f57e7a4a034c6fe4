"""Croissant metadata of a data set: its files with their hashes, and a record set for each config.

The format is Croissant 1.0, https://docs.mlcommons.org/croissant/docs/croissant-spec.html. The metadata contain no date
of publication, so that equal builds have equal metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .card_identity import identity_of
from .columns import MEANINGS, inner
from .layout import CANARY, shards, split_file, splits_of
from .manifest import FileRecord, Manifest
from .schema import ROWS, feature_specs

_SCHEMA_ORG: Final = "https://schema.org/"
_CONTEXT: Final = {
    "@language": "en",
    "@vocab": _SCHEMA_ORG,
    "sc": _SCHEMA_ORG,
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet",
            "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
            "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField",
            "transform",
        )
    },
}  # fmt: skip
"""The JSON-LD context that the specification prescribes."""
_PARQUET: Final = "application/x-parquet"
_TYPES: Final = {"string": "sc:Text", "int32": "cr:Int32", "float32": "cr:Float32"}
_CITE_AS: Final = "The PEToolBench developers. PEToolBench: a benchmark of personalised tool use."
_ABOUT: Final = (
    "Does a language model use tools the way this user would want? A history of past tool calls shows what a user "
    "prefers; the model gets a new instruction and ten candidate tools, several of which do the job."
)


def croissant_text(manifest: Manifest) -> str:
    """Return the metadata as JSON-LD.

    Args:
        manifest: Manifest of the data set, with the sizes and hashes of its Parquet files.
    """
    identity = identity_of(manifest)
    configs = {
        name: [path for split in splits_of(name) for path in shards(split_file(name, split), manifest.files)]
        for name in ROWS
        if any(manifest.rows[name].values())
    }
    return (
        json.dumps(
            {
                "@context": _CONTEXT,
                "@type": "sc:Dataset",
                "conformsTo": "http://mlcommons.org/croissant/1.0",
                "name": identity.name,
                "description": f"{_ABOUT} {CANARY}",
                "inLanguage": "en",
                **({"license": identity.licence_url} if identity.licence_url else {}),
                "version": manifest.builder,
                "citeAs": _CITE_AS if manifest.is_builtin else f"{identity.title}, build {manifest.build_id}.",
                "creator": {
                    "@type": "sc:Organization",
                    "name": "The PEToolBench developers" if manifest.is_builtin else identity.repository.split("/")[0],
                },
                "keywords": ["tool use", "function calling", "personalisation", "benchmark"],
                "isLiveDataset": False,
                "distribution": [
                    *(_file(path, manifest.files[path]) for paths in configs.values() for path in paths),
                    *(_file_set(name, paths) for name, paths in configs.items()),
                ],
                "recordSet": [_record_set(name, ROWS[name], paths) for name, paths in configs.items()],
            },
            indent=1,  # a deeper indent would make half of the file spaces
            ensure_ascii=False,
        )
        + "\n"
    )


def _file(path: str, record: FileRecord) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{record.bytes} B",
        "encodingFormat": _PARQUET,
        "sha256": record.sha256,
    }


def _file_set_id(config: str) -> str:
    return f"{config}-files"


def _file_set(config: str, paths: Sequence[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _file_set_id(config),
        "name": _file_set_id(config),
        "description": f"The splits of {config}.",
        "encodingFormat": _PARQUET,
        "includes": list(paths),
    }


def _record_set(config: str, row: type, paths: Sequence[str]) -> dict[str, Any]:
    numbered = r"(?:-\d+-of-\d+)?" if len(paths) > len(splits_of(config)) else ""
    split = {
        "@type": "cr:Field",
        "@id": f"{config}/split",
        "name": "split",
        "description": "The split that the record belongs to, from the name of its file.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": _file_set_id(config)},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": rf"^(?:.*/)?{config}/([a-z]+){numbered}\.parquet$"},
        },
    }
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "field": [split, *(_field(config, spec, (), MEANINGS[row]) for spec in feature_specs(row))],
    }


def _field(config: str, spec: Mapping[str, Any], outer: tuple[str, ...], meanings: Mapping[str, str]) -> dict[str, Any]:
    """Return the field of a column, or of a field nested in the columns `outer`."""
    path = (*outer, spec["name"])
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": "/".join((config, *path)),
        "name": spec["name"],
        "description": meanings[".".join(path)],
        **({"repeated": True} if "list" in spec or "sequence" in spec else {}),
    }
    if fields := inner(spec):
        return {**field, "subField": [_field(config, nested, path, meanings) for nested in fields]}
    source: dict[str, Any] = {"fileSet": {"@id": _file_set_id(config)}, "extract": {"column": path[0]}}
    if outer:
        source["transform"] = [{"jsonPath": name} for name in path[1:]]
    return {**field, "dataType": _TYPES[spec.get("dtype") or spec["sequence"]], "source": source}
