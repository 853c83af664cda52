/* Records that are easy to lay out and hard to name in Python. Included by kitchen.c. */

struct keyword_fields {
	u8 and, as, assert, async, await;
	u16 class, def, del, elif, except;
	u32 finally, from, global, import, in, is;
	u64 lambda, nonlocal, not, or;
	u8 pass, raise, try, with, yield;
	u32 None, True, False;
	u8 match, type, _, print, exec;
};

struct keyword_bits { u8 from:3, in:2, is:1; u32 class:17; u32 lambda; };
struct keyword_and_underscored { u8 from; u16 from_; u32 from__; u64 in_; };

struct keyword_in_anonymous {
	union {
		u32 from;
		struct {
			u8 import;
			u16 global;
		};
	};
	struct {
		u8 del;
		u32 not;
	} with;
};

struct two_underscores {
	u8 __reserved;
	u16 __pad[3];
	u32 __u;
	u8 __flags:3, __more:5;
	union {
		u32 __inner;
		u16 ___three;
	};
	u8 __;
	u8 ___;
	u64 __both__;
};

struct ctypes_attributes {
	u8 _fields_;
	u16 _anonymous_;
	u32 _pack_;
	u64 _align_;
	u8 _layout_;
	u16 _type_;
	u32 _length_;
	u8 _swappedbytes_;
	u16 _b_base_;
	u32 _b_needsfree_;
	u8 _objects;
	u16 _as_parameter_;
	u32 from_buffer;
	u8 from_buffer_copy;
	u16 from_address;
	u32 from_param;
	u8 in_dll;
	u64 value;
	u8 contents;
	u16 size;
	u32 offset;
	u8 target;
	u16 bit_offset;
	u32 bit_width;
};

struct object_attributes {
	u8 __class__;
	u16 __init__;
	u32 __new__;
	u64 __dict__;
	u8 __doc__;
	u16 __slots__;
	u32 __module__;
	u8 __qualname__;
	u16 __annotations__;
	u32 __repr__;
	u8 __eq__;
	u16 __hash__;
	u32 __getattr__;
	u8 __getattribute__;
	u16 __setattr__;
	u32 __delattr__;
	u8 __init_subclass__;
	u16 __len__;
	u32 __getitem__;
	u8 __set_name__;
	u16 __ctypes_be__;
	u32 __weakref__;
	u8 __name__;
	u16 __bases__;
	u32 __mro__;
	u8 mro;
	u16 __buffer__;
	u32 __array_interface__;
	u8 self, cls, args, kwargs;
};

struct builtin_named_fields {
	u8 int8_t_;
	u16 range, property, hash, len, id;
	u32 object, list, dict, str, bytes, getattr;
	u64 super;
	u8 staticmethod, classmethod, isinstance, ctypes, c_int, Structure;
};

/* Tags that are builtins, keywords, or names a generated module is likely to need itself. */

struct range { u8 start; u32 stop; };
struct property { u32 length; struct property *next; };
struct hash { u64 hash; };
struct class { u8 name; struct class *class; };
struct list { struct list *next; u8 list; };
struct object { u16 a; };
struct type { u8 a; u32 type; };
struct tuple { u8 a[3]; };
struct super { u8 a; u16 b; };
struct str { u8 a; u64 b; };
struct bytes { u8 a; };
struct len { u32 a; };
struct getattr { u16 a; };
struct setattr { u8 a; };
struct isinstance { u32 a; };
struct None { u8 a; };
struct lambda { u16 lambda; };
struct ctypes { u8 a; u32 b; };
struct c_int { u8 a; };
struct c_uint32 { u8 a; };
struct Structure { u8 a; u16 b; };
struct Union { u8 a; };
struct Array { u8 a; };
struct POINTER { u8 a; };
struct sizeof_ { u8 a; };
struct sys { u8 a; };
struct enum_ { u8 a; };
struct IntEnum { u8 a; };
struct self { u8 self; };
struct __ { u16 __; };
struct ctype { u8 a; u16 b; };
struct asdict { u8 a; u32 b; };
struct flexible { u8 a; u8 rest[]; };
struct variables { u16 a; };
struct records { u8 a; };
struct enums { u16 a; };
struct constants { u32 a; };
struct typedefs { u64 a; };
struct support { u8 a; };
struct _support { u16 a; };
struct _facts { u32 a; };
struct bindings { u8 a; };
struct __abi__ { u8 a; };
struct __init__ { u8 a; };
struct __getattr__ { u16 a; };
struct __dir__ { u16 a; };
struct __name__ { u8 a; };
struct __file__ { u8 a; };
struct __path__ { u8 a; };
struct __all__ { u32 a; };
struct __doc__ { u8 a; };
struct __dict__ { u8 a; };
struct __class__ { u8 a; };

struct embeds_builtin_names {
	u8 before;
	struct range range;
	struct hash hash[2];
	struct class class;
	struct None None;
	struct Structure Structure;
	union {
		struct property property;
		struct str str;
	};
};

/* Differing only in case: one file on some systems. */
struct letter_case { u8 a; };
struct Letter_Case { u16 a; };
struct LETTER_CASE { u32 a; };

/* A tag and a typedef of one name: alike, and not. */
typedef struct same_name { u8 a; u32 b; } same_name;
struct tag_not_typedef { u8 a; u16 b; };
typedef u64 tag_not_typedef;
union other_record { u8 a; u32 b; };
typedef struct { u8 x; u64 y; } other_record;
struct also_function { u8 a; };
struct also_enumerator { u8 a; u16 b; };
enum namesakes { also_enumerator = 77 };

struct uses_namesakes {
	struct tag_not_typedef tag;
	tag_not_typedef def;
	union other_record un;
	other_record rec;
	same_name same;
	enum namesakes e;
};

typedef struct { u8 a; u32 b; } only_typedef;
typedef union { u8 a; u16 b[3]; } only_typedef_union;
typedef only_typedef alias_of_only_typedef;
typedef const struct { u16 a; u8 b; } const_typedef;

struct uses_only_typedef {
	u8 before;
	only_typedef one;
	alias_of_only_typedef two[2];
	only_typedef_union three;
	const_typedef four;
};
