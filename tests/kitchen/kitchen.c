/*
 * Every hard place of C that uapigen knows of, in one translation unit that stands alone.
 *
 * gcc compiles it for several targets and is asked for sizes, offsets and memory images; pahole
 * turns its DWARF into BTF, from which uapigen must come to the same answers.
 */

#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __noinline __attribute__((noinline, used, noclone))
#define __percpu __attribute__((section(".data..percpu"), used))

typedef _Bool bool;
typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;
typedef __SIZE_TYPE__ size_t;
typedef __WCHAR_TYPE__ wide_char;

typedef u16 vec3[3];
typedef u64 __aligned_u64 __aligned(8);
typedef u32 u32_at_2 __aligned(2);
#ifdef __x86_64__
typedef u64 compat_u64 __aligned(4);
#endif

typedef u32 link1;
typedef const link1 link2;
typedef link2 link3;
typedef volatile link3 link4;

/* Enums. */

enum colour { RED, GREEN, BLUE = 2, COLOUR_LAST = BLUE };
enum temperature { FREEZING = -5, MILD = 0, HOT = 7 };
enum tiny { TINY_A, TINY_B = 5 } __packed;
enum tiny_signed { TINY_MINUS = -1, TINY_PLUS = 127 } __packed;
enum small { SMALL_A, SMALL_B = 40000 } __packed;
enum small_signed { SMALL_MINUS = -300, SMALL_PLUS = 300 } __packed;
enum wide { WIDE_ONE = 1, WIDE_BIT = 1ULL << 40, WIDE_TOP = 1ULL << 63 };
enum wide_signed { WIDE_MINUS = -(1LL << 40), WIDE_PLUS = 1LL << 40 };
enum top_bit { TOP_BIT = 0x80000000u, ALL_BITS = 0xffffffffu };
enum int_limits { INT_LOW = -0x7fffffff - 1, INT_HIGH = 0x7fffffff };
enum alone { THE_ONLY_ONE = 42 };
enum { NAMELESS_A = 10, NAMELESS_B = -10 };
enum { NAMELESS_C = 20 };
typedef enum { TYPEDEFED_A = 1, TYPEDEFED_B } typedefed_enum;
enum python_names { name = 1, value, mro, _, yield, True, print, os, real, from_bytes, __private };
enum enum_attributes { _sunder_ = 1, _value_, _missing_, _generate_next_value_ };
enum dunder_names { __dunder__ = 1, __members__, __class_getitem__, __new__ };

struct enum_members {
	u8 before;
	enum tiny a;
	enum tiny_signed b;
	enum small c;
	enum small_signed d;
	enum colour e;
	u8 between;
	enum wide f;
	u8 again;
	enum wide_signed g;
	enum top_bit h;
	enum temperature i[3];
	enum { INNER_A = 3, INNER_B } j;
	typedefed_enum k;
};

#include "layout.h"
#include "nesting.h"
#include "bitfields.h"
#include "names.h"

/* Pointers and functions. */

struct never_defined;
union never_defined_either;

struct node {
	struct node *next, *prev;
};

struct hlist {
	struct hlist *next, **pprev;
	struct node node;
};

typedef int (*compare_fn)(const void *, const void *);
typedef void plain_fn(struct node *);
typedef compare_fn (*chooser_fn)(int, ...);

struct pointers {
	const char *a;
	char *const b;
	volatile u32 *c;
	u8 *restrict d;
	void **e;
	u32 (*to_array)[4];
	u32 *array_of[3];
	u32 (*array_of_to_array[2])[5];
	struct never_defined *f;
	union never_defined_either *g;
	enum colour *h;
	struct { u8 x; u32 y; } *to_anonymous;
	union { u8 x; } *const *to_anonymous_twice;
	link4 *i;
	const volatile void *j;
	struct pointers *self;
};

struct functions {
	void (*none)(void);
	int (*many)(u8, s16, u64, float, double, bool, struct node, union hole *);
	int (*variadic)(const char *, ...);
	struct node (*by_value)(struct ends_in_padding);
	void (*array[3])(int);
	int (*matrix[2][2])(void);
	compare_fn compare;
	chooser_fn chooser;
	plain_fn *plain;
	int (*(*returns_pointer)(int))(char);
	u32 (*(*returns_array)(void))[3];
	int (**twice)(void);
	void (*unspecified)();
	void (*takes_function)(plain_fn *, compare_fn, int (*)(u32 (*)[2]));
};

struct qualified {
	const u8 a;
	volatile u32 b;
	const volatile u64 c;
	link4 d;
	const u16 e[3];
	const struct node f;
	volatile struct { u8 x; u32 y; } g;
	const enum tiny h;
};

__percpu u32 a_counter;
__percpu struct node a_list = { &a_list, &a_list };
__percpu struct scalars a_record[2];
__percpu void (*a_hook)(int);

static __noinline int hidden(struct scalars *s, enum colour c)
{
	return s->d + c;
}

__noinline u64 by_value(struct ends_in_padding p, union hole h, const char *name, ...)
{
	return p.big + h.w + (name != 0);
}

__noinline struct node *chain(struct node *n, plain_fn *visit, compare_fn compare)
{
	visit(n);
	return compare(n, n->next) ? n->next : n->prev;
}

__noinline int also_function(struct also_function *f, const link3 *l, u32 (*grid)[4])
{
	return f->a + (int)*l + (int)grid[0][1];
}

__noinline void nothing_in_nothing_out(void)
{
	a_counter += (u32)hidden(a_record, BLUE);
}
