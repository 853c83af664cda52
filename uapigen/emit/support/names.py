"""Names that C and Python both want, and names that a class body changes."""

from __future__ import annotations

from keyword import iskeyword

# Names a C member may not take from a class: Python's and ctypes' (of all versions,
# so that a member is called the same on each), and the support code's.
WORDS = """
__abstractmethods__ __annotations__ __base__ __bases__ __basicsize__ __buffer__ __call__
__class__ __class_getitem__ __copy__ __ctypes_from_outparam__ __deepcopy__ __del__
__delattr__ __delitem__ __dict__ __dictoffset__ __dir__ __doc__ __eq__ __firstlineno__
__flags__ __format__ __ge__ __get__ __getattr__ __getattribute__ __getitem__
__getstate__ __gt__ __hash__ __init__ __init_subclass__ __instancecheck__ __itemsize__
__le__ __len__ __lt__ __module__ __mro__ __mul__ __name__ __ne__ __new__ __or__
__pointer_type__ __prepare__ __qualname__ __reduce__ __reduce_ex__ __repr__ __rmul__
__ror__ __set__ __set_name__ __setattr__ __setitem__ __setstate__ __sizeof__ __slots__
__static_attributes__ __str__ __subclasscheck__ __subclasses__ __subclasshook__
__text_signature__ __type_params__ __weakref__ __weakrefoffset__ _align_ _anonymous_
_b_base_ _b_needsfree_ _bindings_ _fields_ _height_ _layout_ _leaves_ _length_ _objects
_pack_ _raw_ _spelling_ _swappedbytes_ _type_ from_address from_buffer from_buffer_copy
from_param in_dll
"""
RESERVED = frozenset(WORDS.split())


def demangled(name: str) -> list[str]:
    """What ``_Class__name`` was before a class body mangled it: candidates."""
    found: list[str] = []
    if name[:1] == "_" != name[1:2] and name[-2:] != "__":
        at = name.find("__", 2)
        while at > 0:
            found.append(name[at:])
            at = name.find("__", at + 1)
    return found


def attribute_name(name: str) -> str:
    """The attribute under which a class has the C member ``name``."""
    return f"{name}_" if name in RESERVED else name


INTERFACE_NAMES = frozenset({"Protocol", "vtable", "wrap"})


def method_name(member: str) -> str:
    """What an interface calls a member: a keyword, or a name of its own, gets ``_``."""
    return f"{member}_" if iskeyword(member) or member in INTERFACE_NAMES else member


def parameter_name(c_name: str) -> str:
    """What a method calls a parameter that C calls so."""
    return f"{c_name}_" if iskeyword(c_name) or c_name == "self" else c_name


def c_name(parameter: str) -> str:
    """What C calls a parameter that a method calls so."""
    plain = parameter[:-1]
    return plain if parameter == parameter_name(plain) != plain else parameter
