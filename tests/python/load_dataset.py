"""Loads a dataset folder as a user would and compares it with its source, call by call.

usage: load_dataset.py DATASET_DIR SOURCE.jsonl [CONFIG ...]

SOURCE holds one JSON object a line, in the order of the rows:
    {"id", "split", "tools": [...], "messages": [{"role", "content", "calls": [[id, name, ARGUMENTS_TEXT]]}]}
Without CONFIGs every config of the card is loaded, and every folder that has a card of its own.
Prints one line for each config; ends with 1 and the first difference when something differs.
"""

import json
import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("HF_HOME", tempfile.mkdtemp(prefix="t2t-hf-"))

import datasets  # noqa: E402  the environment must be set before

datasets.disable_progress_bars()

# What arguments and tools are on arrival: objects or JSON text.
OBJECT_ARGUMENTS = {"raw": False, "trl": True, "openai": False}
OBJECT_TOOLS = {"raw": False, "trl": True, "openai": True}


class Difference(Exception):
    """What was loaded is not what was written."""


def same(found, expected, place):
    """Equality that tells 1, 1.0 and True apart, at any depth."""
    if type(found) is not type(expected):
        raise Difference(f"{place}: {found!r} where {expected!r} was written")
    if isinstance(expected, dict):
        if found.keys() != expected.keys():
            raise Difference(f"{place}: keys {sorted(found)} where {sorted(expected)} were written")
        for key in expected:
            same(found[key], expected[key], f"{place}.{key}")
    elif isinstance(expected, list):
        if len(found) != len(expected):
            raise Difference(f"{place}: {len(found)} items where {len(expected)} were written")
        for at, item in enumerate(expected):
            same(found[at], item, f"{place}[{at}]")
    elif found != expected:
        raise Difference(f"{place}: {found!r} where {expected!r} was written")


def check_messages(found, expected, objects, place):
    same(len(found), len(expected), f"{place}: number of messages")
    for at, (have, want) in enumerate(zip(found, expected)):
        here = f"{place}, message {at}"
        same(have["role"], want["role"], f"{here}, role")
        same(have["content"], want["content"], f"{here}, content")
        same(have.get("tool_call_id"), want.get("tool_call_id"), f"{here}, tool_call_id")
        calls = have.get("tool_calls") or []
        same(len(calls), len(want["calls"]), f"{here}: number of tool calls")
        for call, (identity, name, arguments) in zip(calls, want["calls"]):
            same(call["id"], identity, f"{here}, call id")
            same(call["type"], "function", f"{here}, call type")
            same(call["function"]["name"], name, f"{here}, function name")
            given = call["function"]["arguments"]
            if objects:
                same(given, json.loads(arguments), f"{here}, arguments")
            else:
                same(given, arguments, f"{here}, arguments")


def check_row(row, source, config, place):
    if "id" in row:
        same(row["id"], source["id"], f"{place}, id")
    check_messages(row["messages"], source["messages"], OBJECT_ARGUMENTS[config], place)
    tools = row["tools"] if OBJECT_TOOLS[config] else json.loads(row["tools"])
    same(tools, source["tools"], f"{place}, tools")
    if config == "openai":
        same(row["parallel_tool_calls"], False, f"{place}, parallel_tool_calls")
    else:
        json.loads(row["metadata"])


def turns_of(source):
    """What a row says in order, as (kind, text or call): the measure for formats with own shapes."""
    for message in source["messages"]:
        if message["content"] or not message["calls"]:
            yield message["role"], message["content"]
        for _, name, arguments in message["calls"]:
            yield "call", {"name": name, "arguments": json.loads(arguments)}


SPEAKERS = {
    "human": "user",
    "gpt": "assistant",
    "function_call": "call",
    "observation": "tool",
    "tool_call": "call",
    "tool_response": "tool",
}


def check_turns(row, source, config, place):
    """A row of `sharegpt` or `swift`: the same turns, the same calls, the same tools."""
    if config == "sharegpt":
        found = [("system", row["system"])] + [(turn["from"], turn["value"]) for turn in row["conversations"]]
        for at, (speaker, _) in enumerate(found[1:]):
            if (speaker in ("human", "observation")) != (at % 2 == 0):
                raise Difference(f"{place}, turn {at}: `{speaker}` breaks the alternation")
    else:
        found = [(message["role"], message["content"]) for message in row["messages"]]
    found = [(SPEAKERS.get(speaker, speaker), text) for speaker, text in found]
    found = [(kind, json.loads(text) if kind == "call" else text) for kind, text in found]
    same([list(turn) for turn in found], [list(turn) for turn in turns_of(source)], f"{place}, turns")
    same(json.loads(row["tools"]), source["tools"], f"{place}, tools")


def dtype(feature):
    """`Json` or `string`; everything else by its own name."""
    return getattr(feature, "dtype", None) or type(feature).__name__


def field(features, *path):
    for name in path:
        while not hasattr(features, "keys"):
            features = features[0] if isinstance(features, list) else features.feature
        features = features[name]
    return features


def check_features(features, config, place):
    arguments = dtype(field(features, "messages", "tool_calls", "function", "arguments"))
    expected = "json" if OBJECT_ARGUMENTS[config] else "string"
    same(arguments.lower(), expected, f"{place}: type of arguments")
    tools = dtype(features["tools"])
    same(tools.lower(), "json" if OBJECT_TOOLS[config] else "string", f"{place}: type of tools")
    for name in ("role", "content"):
        same(dtype(field(features, "messages", name)), "string", f"{place}: type of {name}")


def check(loaded, sources, config, place):
    by_split = {}
    for source in sources:
        by_split.setdefault(source["split"], []).append(source)
    same(sorted(loaded), sorted(by_split), f"{place}: splits")
    calls = 0
    for split, rows in by_split.items():
        data = loaded[split]
        if config in OBJECT_TOOLS:
            check_features(data.features, config, f"{place}, {split}")
        same(data.num_rows, len(rows), f"{place}, {split}: rows")
        for row, source in zip(data, rows):
            check_one = check_row if config in OBJECT_TOOLS else check_turns
            check_one(row, source, config, f"{place}, {split}, row {source['id']}")
            calls += sum(len(message["calls"]) for message in source["messages"])
    print(f"datasets {datasets.__version__}: {place}: {len(sources)} rows, {calls} tool calls as written")


def refused(folder, config):
    """Ids of the rows that the format could not express; each must come with a reason."""
    path = os.path.join(folder, f"refused-{config}.jsonl")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert all(row["reason"] for row in rows)
    return {row["id"] for row in rows}


def main(folder, source, *configs):
    with open(source, encoding="utf-8") as lines:
        sources = [json.loads(line) for line in lines]
    for config in configs or datasets.get_dataset_config_names(folder):
        gone = refused(folder, config)
        left = [source for source in sources if source["id"] not in gone]
        check(datasets.load_dataset(folder, config), left, config, f"config {config}")
    if configs:
        return
    default = datasets.load_dataset(folder)
    check(default, sources, "trl", "default config")
    for name in sorted(os.listdir(folder)):
        nested = os.path.join(folder, name)
        if os.path.exists(os.path.join(nested, "README.md")):
            check(datasets.load_dataset(nested), sources, name, f"folder {name}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Difference as difference:
        sys.exit(f"datasets {datasets.__version__}: {difference}")
