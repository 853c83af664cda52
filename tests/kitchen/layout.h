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

/* Arrays: none, unknown, many dimensions, of records. */

struct zero_in_the_middle {
	u32 a;
	u32 marker[0];
	u32 b;
	u64 group[0];
	u8 c;
};

struct zero_raises_alignment {
	u32 a;
	u64 tail[0];
};

struct packed_zero_in_the_middle {
	u8 a;
	u64 marker[0];
	u8 b;
} __packed;

struct flexible_bytes {
	u32 len;
	u8 kind;
	u8 data[];
};

struct flexible_u64 {
	u8 count;
	u64 item[];
};

struct flexible_records {
	u32 count;
	struct ends_in_padding item[];
};

union flexible_in_union {
	struct {
		struct { } __empty_words;
		u32 words[];
	};
	struct {
		struct { } __empty_bytes;
		u8 bytes[];
	};
	u16 head;
};

struct dimensions {
	u8 one[7];
	u16 two[2][3];
	u32 three[2][3][4];
	vec3 of_typedef[2];
	char name[16];
	char names[4][8];
};

struct array_of_anonymous {
	u8 before;
	struct {
		u8 key;
		u32 value;
	} slot[4];
	struct {
		u16 x, y;
	} grid[2][2];
};

struct big {
	u8 page[4096];
	struct scalars many[64];
	u64 words[1000];
	u8 last;
};

/* Nothing, and unions that are larger or odder than their parts. */

struct nothing { };

struct aligned_nothing { } __aligned(8);

struct holds_nothing {
	u8 before;
	struct nothing none;
	u16 after;
	struct nothing nones[3];
};

struct holds_aligned_nothing {
	u8 before;
	struct aligned_nothing none;
};

union nothing_at_all { };

union hole {
	u8 b[5];
	u32 w;
};

union hole_packed {
	u8 b[5];
	u32 w;
} __packed;

union odd_aligned {
	char c[3];
} __aligned(4);

union odd_aligned_lone {
	char c[3];
} __aligned(4);

union odd_aligned_wide {
	char c[9];
	u16 h;
} __aligned(16);

struct embeds_unions {
	u8 before;
	union hole hole;
	u8 b;
	union hole_packed packed;
	u8 c;
	union odd_aligned odd;
	u8 d;
	union odd_aligned_wide wide;
};

/* Anonymous parts. */

struct anonymous_nest {
	u8 a;
	union {
		u32 b;
		struct {
			u8 c;
			union {
				u16 d;
				struct {
					u8 e;
					u8 f;
				};
			};
		};
	};
	u8 g;
};

struct anonymous_twins {
	struct {
		u8 a;
		u32 b;
	};
	struct {
		u16 c;
		u64 d;
	};
	union {
		u8 e;
		u16 f;
	};
	union {
		u32 g;
		u8 h[6];
	};
};

union anonymous_in_union {
	struct {
		u8 a;
		u16 b;
	};
	struct {
		u32 c;
		struct {
			u8 d;
		} named;
	};
	u64 e;
};

struct named_of_anonymous_type {
	u8 before;
	struct {
		u8 x;
		u32 y;
		union {
			u64 z;
			u8 w;
		};
	} pos;
	union {
		u32 id;
		char tag[7];
	} key;
	struct {
		u8 depth;
		struct {
			u16 deeper;
		} in;
	} *behind;
};

struct anonymous_packed {
	u8 a;
	struct {
		u8 b;
		u32 c;
	} __packed;
	u8 d;
};

struct anonymous_aligned {
	u8 a;
	struct {
		u8 b;
	} __aligned(8);
	u8 c;
};

struct anonymous_in_packed {
	u8 a;
	struct {
		u8 b;
		u32 c;
	};
	union {
		u16 d;
		u64 e;
	};
} __packed;

struct anonymous_empty {
	u32 a;
	struct { };
	union { };
	u32 b;
};

/* -fms-extensions: an unnamed member of a named type. */

struct ms_part {
	u8 ms_a;
	u32 ms_b;
};

struct ms_outer {
	u16 a;
	struct ms_part;
	u8 c;
};

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
