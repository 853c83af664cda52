/* One of everything that verify looks at; small, so that each corruption is one line. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;
typedef _Bool bool;

enum colour { RED = 1, GREEN = 2, BLUE = -3 };
enum wide { WIDE = 0x100000000ULL };
typedef enum colour colour_t;

struct hidden;

struct point {
	s32 x;
	s32 y;
};

typedef struct {
	u32 a;
	u32 b;
} pair_t;

typedef enum colour (*paint_fn)(const struct point *where, u32 how);

struct sample {
	s32 number;
	u16 small;
	char letter;
	bool flag;
	u64 big;
	double real;
	char name[16];
	u32 grid[2][3];
	struct point corner;
	struct point corners[4];
	const char *text;
	struct hidden *secret;
	struct sample *next;
	paint_fn paint;
	enum colour colour;
	pair_t pair;
	union {
		u32 word;
		struct {
			u16 low;
			u16 high;
		};
	};
	u32 class;
};

struct bits {
	u32 a : 3;
	s32 b : 5;
	u32 c : 24;
	bool d : 1;
	enum colour e : 4;
	u64 f : 40;
};

struct packed {
	u8 tag;
	u32 value;
} __attribute__((packed));

struct aligned {
	u32 value;
} __attribute__((aligned(16)));

struct embeds_aligned {
	u8 first;
	struct aligned inner;
};

struct flexible {
	u32 count;
	struct point points[];
};

union either {
	u32 as_number;
	float as_real;
	u8 as_bytes[4];
	void *as_pointer;
};

struct sample_ops {
	void *owner;
	long (*seek)(struct packed *restrict part, long by);
	void (*each[2])(struct bits *bits);
};

struct sample_ops some_ops;
__attribute__((section(".data..sample"))) struct sample a_sample;
struct bits some_bits;
struct packed a_packed;
struct embeds_aligned an_aligned;
struct flexible a_flexible;
union either an_either;
enum wide a_wide;
paint_fn a_painter;
colour_t a_colour;

__attribute__((section("socket"))) int paint_it(const struct point *where, u32 how)
{
	return where->x + how;
}
