/* Records whose difficulty lies in sizes, offsets and alignments. Included by kitchen.c. */

/* Scalars where the ABI puts them. */

struct scalars {
	char plain;
	signed char sc;
	u8 a;
	s16 b;
	u16 c;
	s32 d;
	u32 e;
	s64 f;
	u8 before_u64;
	u64 g;
	u8 before_long;
	long h;
	unsigned long i;
	bool j;
	u8 before_float;
	float k;
	u8 before_double;
	double l;
	u8 before_pointer;
	void *m;
	size_t n;
	wide_char o;
};

struct longest_float {
	u8 before;
	long double ld;
	u8 after;
};

struct ends_in_padding {
	u64 big;
	u8 small;
};

struct long_long_after_int {
	u32 a;
	u64 b;
	u32 c;
};

struct one_byte {
	u8 only;
};

struct three_bytes {
	u8 b[3];
};

#ifdef __SIZEOF_INT128__
struct int128_member {
	u8 before;
	__int128 s;
	u8 between;
	unsigned __int128 u;
	u8 after;
};

struct int128_packed {
	u8 before;
	unsigned __int128 u;
} __packed;

union int128_or_halves {
	unsigned __int128 whole;
	u64 half[2];
};
#endif

/* packed, aligned, and both. */

struct packed_plain {
	u8 a;
	u32 b;
	u16 c;
	u64 d;
	void *p;
} __packed;

struct packed_by_accident_of_size {
	u32 a;
	u64 b;
	u32 c;
} __packed;

struct packed_but_naturally_laid_out {
	u32 a;
	u16 b;
	u16 c;
} __packed;

struct packed_and_natural_alone {
	u32 a;
	u16 b;
	u16 c;
} __packed;

struct packed_aligned_2 {
	u8 a;
	u64 b;
} __packed __aligned(2);

struct packed_aligned_4 {
	u8 a;
	u64 b;
	u32 c;
} __packed __aligned(4);

struct packed_aligned_2_even {
	u16 a;
	u64 b;
	u32 c;
} __packed __aligned(2);

struct packed_member_only {
	u8 a;
	u32 b __packed;
	u16 c;
};

struct aligned_16 {
	u32 a;
} __aligned(16);

struct aligned_32 {
	u8 a[33];
} __aligned(32);

struct ops_table {
	void (*op[25])(void);
} __aligned(64);

struct lone_ops_table {
	int (*first)(int);
	void (*op[24])(void);
} __aligned(64);

struct aligned_exactly_full {
	u8 bytes[64];
} __aligned(64);

struct aligned_member {
	u32 a;
	u32 b __aligned(64);
	u32 c;
};

struct aligned_char_member {
	u8 a;
	u8 b __aligned(4);
	u8 c __aligned(2);
	u8 d;
};

struct aligned_array_member {
	u8 a;
	u16 b[3] __aligned(16);
	u8 c;
};

struct packed_with_aligned_member {
	u8 a;
	u32 b __aligned(4);
	u16 c;
	u64 d;
} __packed;

/* Embedding: what lies before and after tells the alignment of what lies between. */

struct embeds_packed {
	u8 before;
	struct packed_plain inner;
	u8 after;
};

struct embeds_packed_natural {
	u8 before;
	struct packed_but_naturally_laid_out inner;
	u16 after;
};

struct embeds_packed_aligned {
	u8 before;
	struct packed_aligned_2 two;
	u8 between;
	struct packed_aligned_4 four;
	u8 after;
};

struct embeds_aligned_16 {
	u8 before;
	struct aligned_16 inner;
	u8 after;
};

struct embeds_ops_table {
	u8 before;
	struct ops_table inner;
	u8 after;
};

struct embeds_exactly_full {
	u8 before;
	struct aligned_exactly_full inner;
};

struct embeds_array_of_aligned {
	u8 before;
	struct aligned_16 inner[3];
	u32 after;
};

/* Aligned as a member in one place; in the other it shows that the type itself is not. */

struct one_word {
	u32 word;
};

struct aligns_one_word {
	u8 before;
	struct one_word word __aligned(16);
	u8 after;
};

struct embeds_one_word {
	u8 before;
	struct one_word word;
	u8 after;
};

/* The kernel's way to begin a cache line in the middle of a struct, made up anew. */

struct line_break {
	char nothing[0];
} __aligned(64);

struct breaks_lines {
	u32 a;
	struct line_break first;
	u32 b;
	u8 c;
	struct line_break second;
	u8 d;
};

struct embeds_scalars_twice {
	u16 before;
	struct scalars one;
	u8 between;
	struct scalars two[2];
};

struct embeds_trailing_padding {
	struct ends_in_padding inner;
	u8 after;
};

struct packed_embedding_of_natural {
	u8 before;
	struct scalars inner;
	u8 after;
} __packed;

/* Typedefs that carry an alignment. */

struct aligned_u64_user {
	u32 a;
	__aligned_u64 b;
	u32 c;
	__aligned_u64 d[2];
	u8 e;
	__aligned_u64 f;
};

#ifdef __x86_64__
struct compat_u64_user {
	u32 a;
	compat_u64 b;
	u32 c;
};

struct compat_u64_only {
	compat_u64 a;
};

struct embeds_compat_u64 {
	u32 before;
	struct compat_u64_only inner;
	u32 after;
};
#endif

struct under_aligned_member {
	u16 a;
	u32_at_2 b;
	u16 c;
};
