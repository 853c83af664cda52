"""BTF as the kernel's verifier wants it: the same types, in another order.

Members ascend by offset (Rust's compiler reorders them), and type tags stand
before qualifiers: ``btf_struct_check_meta`` and ``btf_check_type_tags`` of
``kernel/bpf/btf.c``.
"""

from __future__ import annotations

from uapigen.ir.types import DeclTag, Qualifier, Struct, Type, Typedef, TypeId, TypeTag

__all__ = ["arrange"]

_MAX_CHAIN = 32


def arrange(nodes: dict[TypeId, Type]) -> list[tuple[str, str]]:
    """Change ``nodes`` in place; (name, reason) of what had to be left out."""
    _sort_members(nodes)
    return _move_tags(nodes)


def _sort_members(nodes: dict[TypeId, Type]) -> None:
    places: dict[TypeId, list[int]] = {}  # where each member has gone
    for type_id, node in nodes.items():
        if isinstance(node, Struct):
            offsets = [member.bit_offset for member in node.members]
            order = sorted(range(len(offsets)), key=offsets.__getitem__)
            if order != list(range(len(order))):
                nodes[type_id] = node._replace(members=tuple([node.members[i] for i in order]))
                places[type_id] = sorted(range(len(order)), key=order.__getitem__)
    for type_id, node in nodes.items() if places else ():
        if isinstance(node, DeclTag) and node.component >= 0 and node.target in places:
            nodes[type_id] = node._replace(component=places[node.target][node.component])


def _move_tags(nodes: dict[TypeId, Type]) -> list[tuple[str, str]]:
    if not any(isinstance(node, TypeTag) for node in nodes.values()):
        return []
    todo = [i for i, node in nodes.items() if isinstance(node, Qualifier)]
    after = max(nodes) + 1
    for _ in range(_MAX_CHAIN):
        again = []
        for type_id in todo:
            node = nodes[type_id]
            assert isinstance(node, Qualifier)
            tag = nodes.get(node.target)
            if isinstance(tag, TypeTag):
                nodes[after] = node._replace(target=tag.target)
                nodes[type_id] = tag._replace(target=after)
                again.append(after)  # there may be another tag behind it
                after += 1
            elif isinstance(tag, Qualifier):
                again.append(type_id)  # which may become a tag
        todo = again
    return _untag_typedefs(nodes)


def _untag_typedefs(nodes: dict[TypeId, Type]) -> list[tuple[str, str]]:
    """A tag may not stand behind a typedef at all."""
    dropped = []
    for type_id, node in nodes.items():
        for _ in range(_MAX_CHAIN):
            tag = nodes.get(node.target) if isinstance(node, Typedef) else None
            if not isinstance(node, Typedef) or not isinstance(tag, TypeTag):
                break
            node = nodes[type_id] = node._replace(target=tag.target)
            dropped.append((f"type tag {tag.name} of {node.name}", "stands behind a typedef"))
    return dropped
