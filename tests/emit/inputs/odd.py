"""A source that no C compiler here writes: what newer encoders, Rust and merged programs do."""

from __future__ import annotations

from show.btf import BtfWriter

__all__ = ["odd"]

PTR, ARRAY, ENUM, FWD, TYPEDEF, FUNC, FUNC_PROTO, FLOAT, DECL_TAG = 2, 3, 6, 7, 8, 12, 13, 16, 17


class Writer(BtfWriter):
    """Kinds that the tests of `show` do without."""

    def array(self, element: int, count: int) -> int:
        return self.add(ARRAY, "", 0, element, 0, count)

    def enum(self, name: str, **constants: int) -> int:
        words = [word for text, value in constants.items() for word in (self.name(text), value)]
        return self.add(ENUM, name, 4, *words, vlen=len(constants))

    def func(self, name: str, returns: int, *params: tuple[str, int]) -> int:
        words = [word for text, target in params for word in (self.name(text), target)]
        return self.add(FUNC, name, self.add(FUNC_PROTO, "", returns, *words, vlen=len(params)))


def odd() -> bytes:
    """BTF of little-endian x86_64."""
    b = Writer()
    u8, u16 = b.int("u8", 1, signed=False), b.int("u16", 2, signed=False)
    u32, i32 = b.int("unsigned int", signed=False), b.int("int")
    b.int("long unsigned int", 8, signed=False)
    b.int("unsigned long long", 8, signed=False)
    char = b.int("char", 1)
    half = b.add(FLOAT, "_Float16", 2)
    # Two files' struct of one tag, the first one twice.
    for name, target in (("first", u32), ("first", u32), ("second", u8), ("third", u16)):
        b.struct("again", 4, (name, target, 0))
    # A tag that is a union in one file, a struct in another and an enum in a third.
    b.struct("threefold", 4, ("a", u32, 0), union=True)
    b.struct("threefold", 8, ("a", u32, 0), ("b", u32, 32))
    b.enum("threefold", THREEFOLD=3)
    # Drivers reuse the names of constants.
    b.enum("left", SHARED=1, AGREED=5)
    b.enum("right", SHARED=2, AGREED=5)
    # Arrays of arrays, as newer encoders write them.
    pointer = b.add(PTR, "", u32)
    row, pointers, name = b.array(u32, 3), b.array(pointer, 2), b.array(char, 8)
    members = (
        ("grid", b.array(row, 2), 0),
        ("pointers", b.array(pointers, 3), 192),
        ("names", b.array(name, 4), 576),
        ("halves", b.array(half, 2), 832),
        ("half", half, 864),
    )
    b.struct("nested", 112, *members)
    b.struct("plain_float", 4, ("half", half, 16))
    # A typedef of what no file defines.
    b.add(TYPEDEF, "undefined_t", b.add(FWD, "undefined", 0))
    # No members but a size; Rust's names; names that are no names.
    opaque = b.struct("opaque", 16)
    b.struct("core::fmt::Formatter<'_>", 24, ("__0", opaque, 0), ("flags", u32, 128))
    b.struct('quote"\n{{name}}\\', 4, ("__import__('os')", u32, 0), ('"', i32, 0), union=True)
    b.func("twice", u32, ("a", u32))
    b.func("twice", i32, ("", u8), ("b", pointer))
    b.add(DECL_TAG, "bpf_kfunc", b.func("tagged", 0), 0xFFFFFFFF)
    return b.bytes()
