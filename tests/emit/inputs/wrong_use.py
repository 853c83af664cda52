# ruff: noqa: B018
"""What a user may get wrong; `mypy --strict` finds each, with this code."""

import types_x86_64 as k

numbers = k.numbers()
numbers.no_such  # E: attr-defined
numbers.no_such = 1  # E: attr-defined
numbers.u32 = "1"  # E: assignment
numbers.flag = 1.5  # E: assignment
numbers.letter = "x"  # E: assignment
text: str = numbers.u32  # E: assignment
k.no_such  # E: attr-defined
k.node_  # E: attr-defined
k.BLUE.no_such  # E: attr-defined
k.colour.NO_SUCH  # E: attr-defined
k.msghdr().inner = k.point()  # E: assignment
k.msghdr().inner.no_such  # E: attr-defined
k.node().next.no_such  # E: attr-defined
k.node().next.contents.no_such  # E: attr-defined
k.arrays().points[0].no_such  # E: attr-defined
k.arrays().points["0"]  # E: call-overload
k.arrays().plain = "1234"  # E: assignment
k.arrays().name = "name"  # E: assignment
k.bits.low.no_such  # E: attr-defined
k.numbers.u32.bit_offset  # E: attr-defined
k.bits().low = 0.5  # E: assignment
k.class_().__no_such  # E: attr-defined
k.functions[0]  # E: index
k.functions["pick"].no_such  # E: attr-defined
k.ctype(5)  # E: arg-type
k.flexible(k.packet(), 1)  # E: arg-type
k.flexible(k.packet(), "points", "2")  # E: arg-type
