"""Hold a generated package against what a C compiler said about the same types.

    python check_package.py BINDINGS FACTS.json

BINDINGS is a package directory or a .py file, FACTS.json what test_kitchen.py wrote. Prints a JSON
list of sentences, one per difference. Needs nothing but the standard library, so that any Python
which runs generated code can run this.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import keyword
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

TELLS_ANY_ALIGNMENT = sys.version_info >= (3, 13)  # has _align_; before, ctypes stops at 8
# Names that a package needs itself: types called so are found through ctype() only.
API = {"ctype", "asdict", "flexible", "functions", "variables", "_facts", "_support"}


def main(arguments: list[str]) -> None:
    bindings_path, facts_path = map(Path, arguments)
    sys.path.insert(0, str(bindings_path.parent))
    bindings = importlib.import_module(bindings_path.stem)
    expected = json.loads(facts_path.read_text(encoding="utf-8"))
    json.dump(list(differences(bindings, expected)), sys.stdout)


def differences(bindings: ModuleType, expected: dict[str, Any]) -> Iterator[str]:
    named = Counter(
        spelling.rpartition(" ")[2] for spelling in (*expected["facts"], *expected["enums"])
    )
    named.update(name for values in expected["enums"].values() for name in values)
    for spelling, facts in expected["facts"].items():
        check = Checks(spelling)
        check(None, size_of, bindings, spelling, facts["size"])
        if not check.found:
            if named[spelling.rpartition(" ")[2]] == 1:
                check(None, bare_name, bindings, spelling)
            if facts["align"] is not None:
                check_record(check, bindings.ctype(spelling), facts, expected)
        yield from check.found
    for spelling, values in expected["enums"].items():
        check = Checks(spelling or "enumerator")
        for name, value in values.items():
            if named[name] == 1:
                check(name, constant, bindings, name, value, expected["enum_mask"])
            if spelling:
                check(name, enumerator, bindings, spelling, name, value, expected["enum_mask"])
        yield from check.found


def check_record(check: Checks, cls: Any, facts: dict[str, Any], expected: dict[str, Any]) -> None:
    big_endian = expected["byte_order"] == "big"
    if check.spelling not in expected["alignment_unknown"]:
        check(None, alignment_of, cls, facts["align"])
    for path, offset in facts["fields"].items():
        check(path, field, cls, path, offset, facts["sizes"][path])
    for path, image in facts["ones"].items():
        check(path, number, cls, path, bytes.fromhex(image), facts["sizes"][path])
    for path, image in facts["bitfields"].items():
        value = facts["all_ones"][path]
        check(path, bitfield, cls, path, bytes.fromhex(image), value, big_endian)


class Checks:
    """Runs checks of one type, and keeps their sentences with the place before them.

    An exception is such a sentence too, so that the checks after it are still made.
    """

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling
        self.found: list[str] = []

    def __call__(self, path: str | None, check: Callable[..., Iterator[str]], *args: Any) -> None:
        where = self.spelling if path is None else f"{self.spelling}.{path}"
        try:
            for sentence in check(*args):
                self.found.append(f"{where}: {sentence}")
        except Exception as error:  # noqa: BLE001
            self.found.append(f"{where}: {check.__name__} raises {error!r}")


# One type


def size_of(bindings: ModuleType, spelling: str, expected: int) -> Iterator[str]:
    size = ctypes.sizeof(bindings.ctype(spelling))
    if size != expected:
        yield f"size {size}, in C {expected}"


def bare_name(bindings: ModuleType, spelling: str) -> Iterator[str]:
    """A type whose name nothing else has is also an attribute of the package."""
    name = spelling.rpartition(" ")[2]
    if name in API or (name.startswith("__") and name.endswith("__") and name.strip("_")):
        return
    found = getattr(bindings, name + "_" if keyword.iskeyword(name) else name)
    if found is not bindings.ctype(spelling):
        yield f"is {found!r} by its bare name, else {bindings.ctype(spelling)!r}"


def alignment_of(cls: Any, expected: int) -> Iterator[str]:
    alignment = ctypes.alignment(cls)
    if alignment != expected and (expected <= 8 or TELLS_ANY_ALIGNMENT):
        yield f"alignment {alignment}, in C {expected}"


def constant(bindings: ModuleType, name: str, value: int, mask: int) -> Iterator[str]:
    if hasattr(ModuleType, name):  # such as __new__, which every module has already
        return
    found = getattr(bindings, name + "_" if keyword.iskeyword(name) else name)
    if found & mask != value & mask:
        yield f"is {found!r}, in C {value}"


def enumerator(
    bindings: ModuleType, spelling: str, name: str, value: int, mask: int
) -> Iterator[str]:
    """The enum has that value, under that name unless Python's enums reserve it."""
    members = bindings.ctype(spelling)
    if not any(member.value & mask == value & mask for member in members):
        yield f"{value} is not among the values of {members!r}"
    if name.isupper() and members[name].value & mask != value & mask:
        yield f"as a member is {members[name]!r}, in C {value}"


# One member


@dataclass(frozen=True)
class Slot:
    """A member of an instance: `holder.key`, or `holder[key]` of an array.

    `byte_offset` counts from the start of the instance; that of a bitfield is its holder's.
    """

    byte_offset: int
    holder: Any
    key: str | int
    descriptor: Any

    def get(self) -> Any:
        if isinstance(self.key, int):
            return self.holder[self.key]
        return getattr(self.holder, self.key)

    def set(self, value: Any) -> None:
        if isinstance(self.key, int):
            self.holder[self.key] = value
        else:
            setattr(self.holder, self.key, value)


def find(instance: Any, path: str) -> Slot:
    """Walk a C path from `instance`. An index in it means the last element of that array."""
    slot = Slot(0, instance, "", None)
    for part in path.split("."):
        holder = slot.get() if slot.key != "" else instance
        name, _, index = part.partition("[")
        attribute, descriptor = member(type(holder), name)
        byte_offset = 0 if is_bitfield(descriptor) else descriptor.offset
        slot = Slot(slot.byte_offset + byte_offset, holder, attribute, descriptor)
        if index:
            slot = last_element(slot)
    return slot


def member(cls: Any, name: str) -> tuple[str, Any]:
    """The attribute that stands for a C member, and its descriptor.

    Its own name where Python lets it, else with an underscore behind.
    """
    for attribute in (name, name + "_"):
        descriptor = getattr(cls, attribute, None)
        if hasattr(descriptor, "offset"):
            return attribute, descriptor
    raise AttributeError(f"{cls.__name__} has no member {name}")


def is_bitfield(descriptor: Any) -> bool:
    return hasattr(descriptor, "bit_width")


def last_element(slot: Slot) -> Slot:
    """The last element of an array, however many dimensions BTF left it."""
    value = slot.get()
    if isinstance(value, bytes):  # how ctypes reads an array of char
        address = ctypes.addressof(slot.holder) + slot.descriptor.offset
        value = (ctypes.c_char * slot.descriptor.size).from_address(address)
        value.holder = slot.holder  # whose memory it is
    while isinstance(value, ctypes.Array):
        last = len(value) - 1
        step = last * ctypes.sizeof(value._type_)
        slot = Slot(slot.byte_offset + step, value, last, slot.descriptor)
        value = value[last]
    return slot


def field(cls: Any, path: str, offset: int, size: int) -> Iterator[str]:
    slot = find(cls(), path)
    if is_bitfield(slot.descriptor):
        yield "is a bitfield, not so in C"
        return
    if slot.byte_offset != offset:
        yield f"offset {slot.byte_offset}, in C {offset}"
    if "." in path or "[" in path:
        return
    if slot.descriptor.size != size:
        yield f"size {slot.descriptor.size}, in C {size}"
    if keyword.iskeyword(path):
        getattr(cls(), path)  # by its C name it is found as well
        getattr(cls, path + "_")


def number(cls: Any, path: str, image: bytes, size: int) -> Iterator[str]:
    """Set an integer, float, bool, char or pointer to 1; clear it among ones; read it back."""
    found = find(cls(), path).get()
    kind = next((kind for kind in (bool, int, float, bytes) if isinstance(found, kind)), None)
    if kind is None:
        yield f"reads as {found!r}, which is no number"
        return
    one, zero = (b"\1", b"\0") if kind is bytes else (kind(1), kind(0))
    yield from reads_and_writes(cls, path, image, one)
    start = find(cls(), path).byte_offset
    mask = bytearray(len(image))
    mask[start : start + size] = b"\xff" * size
    yield from clears(cls, path, bytes(mask), zero)


def bitfield(cls: Any, path: str, image: bytes, all_ones: int, big_endian: bool) -> Iterator[str]:
    """Set just this field's bits; clear just them; compare where the descriptor says they are."""
    yield from reads_and_writes(cls, path, image, all_ones)
    yield from clears(cls, path, image, 0)
    slot = find(cls(), path)
    told = (8 * slot.byte_offset + slot.descriptor.bit_offset, slot.descriptor.bit_width)
    if told != span(image, big_endian):
        yield f"bit offset and width are {told}, in C {span(image, big_endian)}"


def reads_and_writes(cls: Any, path: str, image: bytes, value: Any) -> Iterator[str]:
    instance = cls()
    find(instance, path).set(value)
    if bytes(instance) != image:
        yield f"set to {value!r}, it gives {bytes(instance).hex()}, in C {image.hex()}"
    found = find(cls.from_buffer_copy(image), path).get()
    if found != value:
        yield f"reads {found!r} from {image.hex()}, in C {value!r}"


def clears(cls: Any, path: str, mask: bytes, zero: Any) -> Iterator[str]:
    """Where all bits are set, setting the member to 0 must clear those of `mask` alone."""
    full = cls.from_buffer_copy(b"\xff" * len(mask))
    find(full, path).set(zero)
    rest = bytes(byte ^ 0xFF for byte in mask)
    if bytes(full) != rest:
        yield f"cleared, it leaves {bytes(full).hex()}, in C {rest.hex()}"


def span(image: bytes, big_endian: bool) -> tuple[int, int]:
    """Bit offset and width of the bits set in `image`, counted from the start of the object."""
    bits = "".join(f"{byte:08b}" if big_endian else f"{byte:08b}"[::-1] for byte in image)
    return bits.index("1"), bits.count("1")


if __name__ == "__main__":
    main(sys.argv[1:])
