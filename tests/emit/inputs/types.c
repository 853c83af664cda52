/*
 * The types that the tests of generated code look at, each the smallest that shows its rule.
 * The .btf files beside this one were made from it: python -m tests.emit.inputs
 */

typedef _Bool bool;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;
typedef u32 __be32;

/* Scalars and enums */

enum colour { RED, GREEN, BLUE = 7 };
enum depth { SHALLOW = -1, DEEP = 40 };
enum wide { WIDE_LOW = 1, WIDE_TOP = 1ULL << 63 };
enum { NAMELESS = 5 };
typedef enum { FIRST = 1, SECOND } ordinal;

struct numbers {
	signed char i8;
	u8 u8;
	short i16;
	u16 u16;
	int i32;
	u32 u32;
	s64 i64;
	u64 u64;
	float f32;
	double f64;
	bool flag;
	char letter;
	enum colour colour;
	enum depth depth;
	enum wide wide;
	ordinal ordinal;
};

#ifdef __SIZEOF_INT128__
struct large {
	u8 before;
	__int128 i128;
	unsigned __int128 u128;
	unsigned __int128 pair[2];
};
#endif

struct real {
	u8 before;
	long double longest;
};

/* Names */

struct class { u8 from; u16 in:3, is:5; u32 lambda; };
typedef u64 twin;
struct twin { u8 a; u32 b; };
union clash { u8 a; u32 b; };
typedef struct { u16 x; } clash;
enum words { None = 1, yield, mro, name };
struct annotations { u8 a; };
struct functions { u16 a; };
struct struct_like { u8 a; };

struct hidden {
	u8 __reserved;
	u16 __pad[3];
	u32 __low:5, __high:27;
	union { u32 __inner; u16 ___three; };
	u64 __dunder__;
	struct hidden *__next;
	u8 self, cls, args, members, dtype;
};

struct awkward {
	u8 _fields_;
	u16 _objects;
	u32 from_buffer;
	u64 _pad_1;
	u8 contents, target, size, offset;
	u8 __init__, __copy__, __reduce__;
};

/* Parts without names, several levels deep */

struct nest {
	u8 a;
	union {
		u32 b;
		struct {
			u8 c;
			union {
				u16 d;
				struct { u8 e; u8 f:3, g:5; struct nest *up; };
			};
		};
	};
	struct { u32 x, y; } named;
	u8 last;
};

struct padded_part {
	u32 _pad_1;
	struct { u8 inner; u32 later __attribute__((aligned(8))); };
};

/* Bitfields */

struct bits {
	u32 low:3, middle:20, high:9;
	int minus:5, plus:27;
	bool yes:1;
	enum colour shade:4;
	enum depth level:8;
	u64 long_one:40;
	u8 after;
};

struct header {
	union {
		u32 word;
		struct { u32 version:4, length:4, rest:24; };
	};
	u16 port;
	u16 flag:1, spare:15;
};

/* Arrays */

struct arrays {
	u16 plain[4];
	char name[16];
	u32 grid[2][3];
	struct point { int x, y; } points[2];
	bool flags[3];
	double reals[2];
	enum colour shades[2];
};

struct packet {
	u32 count;
	u8 kind;
	struct point points[];
};

struct line { u16 length; char text[]; };
struct event { u64 when; union { char comm[8]; u8 raw[8]; }; struct line *line; u8 data[]; };

/* Pointers */

struct node { struct node *next, **back; };
struct iovec { void *iov_base; u64 iov_len; };
struct msghdr { void *msg_name; struct iovec *msg_iov; u64 msg_iovlen; struct iovec inner; };
struct vectors { u8 count; struct iovec vec[3]; void *each[2]; struct node *grid[2][2]; };
union either { struct iovec *vec; u64 number; };
struct missing;
typedef int (*compare_fn)(const void *left, const void *right);

struct operations {
	int (*open)(struct node *node, enum colour colour);
	void (*close)(void);
	long (*control)(struct node *, unsigned int, ...);
	compare_fn compare;
	int (*(*choose)(int))(char);
	void (*all[3])(struct point);
};

struct targets {
	const char *text;
	struct missing *missing;
	enum colour *shade;
	u32 (*row)[4];
	void *anything;
	struct { u8 x; } *nameless;
	const struct numbers *const volatile numbers;
};

/* Embedding and alignment */

struct packed { u8 a; u64 b; struct node *c; } __attribute__((packed));
struct aligned { u32 a; } __attribute__((aligned(8)));
struct embeds { u8 before; struct packed packed; struct aligned aligned; u8 after; };
struct nothing { };

/* Functions and variables */

#define __percpu __attribute__((section(".data..percpu"), used))
__percpu struct node a_list;
__percpu u32 a_counter;

__attribute__((noinline, used)) s64 measure(struct numbers *numbers, const char *name, enum colour c)
{
	return numbers->i64 + name[0] + c;
}

__attribute__((noinline, used)) struct node *pick(compare_fn compare, struct node *node)
{
	return compare(node, node->next) ? node : 0;
}

__attribute__((noinline, used)) void announce(const char *format, ...)
{
	a_counter += (u32)(u64)format;
}
