"""JSON Schemas of the content files, for editors: completion, hover text, errors while typing.

Made from the models, so they cannot say something else than the loader; the docstring under a
field is the hover text. An editor reads YAML with types (`3.10` is a number to it) where we read
text, so a text may be any scalar here.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from builder.model import (
    DeckFile,
    GlossaryFile,
    PapersFile,
    RetiredFile,
    SymbolsFile,
    TopicFile,
)

_Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

#: Name of a schema -> the model of the file, and the files in a project that it is for.
SCHEMAS: dict[str, tuple[type[BaseModel], str]] = {
    "deck": (DeckFile, "content/deck.yaml"),
    "topic": (TopicFile, "content/topics/*.yaml"),
    "symbols": (SymbolsFile, "content/symbols.yaml"),
    "glossary": (GlossaryFile, "content/glossary.yaml"),
    "papers": (PapersFile, "content/papers.yaml"),
    "retired": (RetiredFile, "content/retired.yaml"),
}


def make(name: str, languages: Sequence[str] = ()) -> _Schema:
    """The schema of a kind of file, in draft 2020-12.

    Args:
        name: A key of `SCHEMAS`.
        languages: The deck's languages. Given, the maps with a text per language have exactly
            these keys, so that an editor completes them and misses what is missing.

    Raises:
        KeyError: There is no such schema.
    """
    model, _ = SCHEMAS[name]
    made = model.model_json_schema(schema_generator=_Generator)
    definitions = _definitions(languages)
    named: _Schema = made.pop("$defs", {})
    if "Term" in named and languages:
        _name_languages(named["Term"], languages)
    used: list[str] = []
    tidy = _tidy({"$defs": named, **made}, used)
    for entry in used:  # grows while it is read: a definition may name others
        tidy["$defs"].setdefault(entry, _tidy(definitions[entry], used))
    tidy["$defs"] = dict(sorted(tidy["$defs"].items()))
    return {"$schema": DRAFT, "title": f"Deckwright: {name}", **tidy}


def text(name: str, languages: Sequence[str] = ()) -> str:
    """A schema as it stands in a file."""
    return json.dumps(make(name, languages), ensure_ascii=False, indent=2) + "\n"


def editor_settings(folder: str) -> str:
    """Settings of VS Code's YAML extension: which schema of a folder is for which files."""
    schemas = {f"./{folder}/{name}.json": files for name, (_, files) in SCHEMAS.items()}
    return json.dumps({"yaml.schemas": schemas}, indent=2) + "\n"


def _docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field.

    Pydantic would read them too, but whenever the models are imported: an eighth of the time that
    `check` takes (measured), for texts that only this module needs.
    """
    definition = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


class _Generator(GenerateJsonSchema):
    """Pydantic's own, the fields' docstrings, and the rule for ids where they are keys."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        for name, text in _docs(schema["cls"]).items():
            if name in made.get("properties", {}):
                made["properties"][name].setdefault("description", text)
        return made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        return {**made, "propertyNames": {"x-type": "Id"}} if keys.get("x-type") == "Id" else made


def _definitions(languages: Sequence[str]) -> dict[str, _Schema]:
    """What the names in `model.py` stand for."""
    one: _Schema = {"x-type": "Text"}
    by_language: _Schema = {"type": "object", "additionalProperties": one, "minProperties": 1}
    if languages:
        by_language = {
            "type": "object",
            "properties": dict.fromkeys(languages, one),
            "required": list(languages),
            "additionalProperties": False,
        }
    either = {"anyOf": [by_language, one]}
    return {
        "Text": {"type": ["string", "number", "boolean"]},
        "Id": {
            "type": ["string", "number", "boolean"],
            "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
            "maxLength": 60,
            "patternErrorMessage": "An id is lower-case letters, digits and single hyphens.",
        },
        "Month": {
            "type": "string",
            "pattern": "^20[0-9][0-9]-(0[1-9]|1[0-2])$",
            "patternErrorMessage": "A month is written as 2026-11.",
        },
        "Localized": by_language if len(languages) > 1 else either,
        "Shared": either,
        "Words": {"anyOf": [{"type": "array", "items": one}, one]},
        "Ids": {"anyOf": [{"type": "array", "items": {"x-type": "Id"}}, {"x-type": "Id"}]},
    }


def _name_languages(term: _Schema, languages: Sequence[str]) -> None:
    """The languages are keys of a glossary's term, beside those that the model knows."""
    names = {
        language: {"x-type": "Text", "description": f"The concept's name in '{language}'."}
        for language in languages
    }
    term["properties"] = {**names, **term["properties"]}
    term["required"] = list(languages)
    term["additionalProperties"] = False


def _tidy(node: Any, used: list[str]) -> Any:
    """Put references in place of our names, and drop what an editor would only repeat.

    Pydantic's titles are the keys in another spelling. Defaults that are empty are what leaving
    the key out means; completion would insert them.
    """
    if isinstance(node, list):
        return [_tidy(entry, used) for entry in node]
    if not isinstance(node, dict):
        return node
    made: _Schema = {}
    for key, value in node.items():
        if key == "x-type":
            used.append(value)
            made["$ref"] = f"#/$defs/{value}"
        elif not (key == "title" and isinstance(value, str)) and not (
            key == "default" and (not isinstance(value, str | int | float))
        ):
            made[key] = _tidy(value, used)
    return made
