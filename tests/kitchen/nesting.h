/* Arrays, unions and anonymous parts. Included by kitchen.c. */

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
};

struct embeds_odd {
	u8 before;
	union odd_aligned odd;
	u8 after;
};

struct embeds_odd_wide {
	u8 before;
	union odd_aligned_wide wide;
	u8 after;
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
