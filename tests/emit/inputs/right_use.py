"""What a user may write; `mypy --strict` accepts all of it."""

from __future__ import annotations

import ctypes
from typing import assert_type

import types_x86_64 as k
from types_x86_64 import BLUE, class_, colour, node

# Members read as what they are
numbers = k.numbers(u32=1, flag=True)
assert_type(numbers.u32, int)
assert_type(numbers.flag, bool)
assert_type(numbers.f64, float)
assert_type(numbers.letter, bytes)
assert_type(numbers.colour, int)
assert_type(k.bits().yes, bool)
assert_type(k.bits().minus, int)
assert_type(k.nest().named.x, int)
assert_type(k.header().version, int)
assert_type(k.arrays().points[0], k.point)
assert_type(k.arrays().points[0].x, int)
assert_type(k.arrays().name, bytes)
assert_type(k.arrays().grid[0], int)
assert_type(k.arrays().reals[0:2], list[float])
assert_type([p.y for p in k.arrays().points], list[int])

# ... and are set from what they take
numbers.u32 = colour.BLUE
numbers.flag = False
numbers.letter = b"x"
k.arrays().points[1] = k.point(1, 2)
k.arrays().plain = (1, 2, 3)
k.msghdr().inner = k.iovec()
k.bits().yes = True
class_().from_ = 3

# Pointers
x = node()
assert_type(x.next.target, type[node])
assert_type(x.next.contents, node)
assert_type(k.vectors().grid[0].target, type[node])
address: int = x.next
x.next = x
x.next = None
x.next = 0xFFFF_8880_0000_0000
x.next = ctypes.byref(x, 8)
k.iovec().iov_base = bytearray(16)
k.iovec().iov_base = b"bytes"

# Descriptors
assert_type(k.numbers.u32.offset, int)
assert_type(k.nest.up.offset, int)
assert_type(k.bits.middle.bit_offset + k.bits.middle.bit_width, int)

# Enums and constants
shade: colour = colour(7)
value: int = BLUE + k.NAMELESS

# Types by other names
same: k.clash = k.clash(x=1)
twin: k.struct_twin = k.struct_twin(b=1)
wide: k.u64 = k.u64(5)

# ctypes' own ways
three = (node * 3)()
assert_type(three[0], node)
over = node.from_buffer(bytearray(16))
assert_type(over.next + 1, int)
copy: node = node.from_buffer_copy(bytes(16))
size: int = ctypes.sizeof(node) + ctypes.alignment(copy)


class Mine(ctypes.Structure):
    _fields_ = [("head", node), ("vec", k.iovec * 2)]


class Listed(node):
    def address(self) -> int:
        return self.next


# Data
pick = k.functions["pick"]
assert_type(pick.params, tuple[tuple[str, str], ...])
for name, c_type in pick.params:
    print(name.upper(), c_type.upper(), pick.variadic)
assert_type(k.variables["a_list"].offset, int)
print(k.asdict(x), k.ctype("struct node"), k.flexible(k.packet(), "points", 2), k.__abi__["arch"])
