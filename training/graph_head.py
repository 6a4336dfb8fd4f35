"""Join a head's graph to a detector's, and part them again.

What a head adds carries the prefix `systems/`, so that the detector's own graph can be had back to
the byte: its checksum is that of the graph that was validated, with or without a head.
"""

import onnx

PREFIX = "systems/"
REPLACED = "embedding"  # the head's takes this name; the net's goes on as `net_embedding`
ADDED = ("attribution", "embedding")


def merge(detector: onnx.ModelProto, added: onnx.ModelProto) -> onnx.ModelProto:
    """Return one graph with the nodes of both; `added` wins where both have an output.

    Args:
        detector: its outputs keep their names.
        added: reads an input of the detector.
    """
    merged = onnx.ModelProto()
    merged.CopyFrom(detector)
    graph = merged.graph
    shared = {node.name for node in added.graph.input}
    _rename_tensor(graph, REPLACED, f"net_{REPLACED}")

    def name_of(name: str) -> str:
        return name if not name or name in shared or name in ADDED else PREFIX + name

    for node in added.graph.node:
        copy = graph.node.add()
        copy.CopyFrom(node)
        copy.name = PREFIX + node.name
        del copy.input[:], copy.output[:]
        copy.input.extend(name_of(name) for name in node.input)
        copy.output.extend(name_of(name) for name in node.output)
    for initializer in added.graph.initializer:
        copy_of = graph.initializer.add()
        copy_of.CopyFrom(initializer)
        copy_of.name = name_of(initializer.name)
    graph.output.extend(added.graph.output)
    return merged


def without_head(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model as it was before a head was added to it."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    graph = bare.graph
    if not any(node.name.startswith(PREFIX) for node in graph.node):
        return bare
    nodes = [node for node in graph.node if not node.name.startswith(PREFIX)]
    initializers = [one for one in graph.initializer if not one.name.startswith(PREFIX)]
    outputs = [node for node in graph.output if node.name not in ADDED]
    for field, values in (
        (graph.node, nodes),
        (graph.initializer, initializers),
        (graph.output, outputs),
    ):
        kept = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(kept)
    _rename_tensor(graph, f"net_{REPLACED}", REPLACED)
    return bare


def _rename_tensor(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Give a tensor another name wherever it is made, read or given out."""
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
    for output in graph.output:
        if output.name == old:
            output.name = new
