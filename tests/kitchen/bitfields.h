/* Bitfields of every base type, in every place. Included by kitchen.c. */

struct bits_u8 { u8 a:1, b:2, c:5, d:3; u8 e; };
struct bits_u16 { u16 a:1, b:7, c:8, d:15, e:2; };
struct bits_u32 { u32 a:1, b:9, c:22, d:31, e:2; };
struct bits_u64 { u64 a:1, b:31, c:32, d:63, e:2; };
struct bits_s8 { s8 a:1, b:2, c:5, d:8; };
struct bits_s16 { s16 a:3, b:13, c:1, d:16; };
struct bits_s32 { int a:3, b:29, c:17, d:32; };
struct bits_s64 { s64 a:3, b:40, c:20, d:1, e:64; };
struct bits_long { long a:5; unsigned long b:19; long c:20; unsigned long d:32; };
struct bits_char { char a:3; signed char b:3; unsigned char c:3; char d; };
struct bits_bool { bool a:1, b:1, c:1; bool d; bool e:1; u8 f:7; };
struct bits_bool_alone { bool a:1; };
struct bits_bool_then_int { bool a:1; u32 b:31; bool c:1; };

struct bits_enum {
	enum colour a:2;
	enum colour b:3;
	enum temperature c:4;
	enum colour d;
	enum tiny e:3;
	enum temperature f:32;
};

struct bits_enum_wide {
	enum wide a:41;
	enum wide_signed b:60;
	u8 c;
};

struct bits_mixed_types { u8 a:4; u16 b:9; u32 c:17; u64 d:33; u8 e:1; };
struct bits_narrowing { u64 a:20; u32 b:12; u16 c:5; u8 d:3; u8 e; };
struct bits_signs_side_by_side { int a:4; u32 b:4; int c:12; u32 d:12; };

/* Gaps that have no name. */

struct bits_unnamed { u32 a:3; u32 :5; u32 b:7; u32 :17; u32 c:1; };
struct bits_unnamed_first { u32 :9; u32 a:3; };
struct bits_unnamed_last { u16 a:3; u16 :13; u8 b; };
struct bits_only_unnamed { u32 :7; u8 a; };
struct bits_zero_break { u8 a:3; u8 :0; u8 b:3; u32 :0; u8 c:1; };
struct bits_zero_break_wide { u8 a:1; u64 :0; u8 b:1; };

/* Beside ordinary members. */

struct bits_after_char { u8 a; u32 b:24; u8 c; u32 d:8; };
struct bits_after_short { u16 a; u32 b:16; u16 c; u32 d:17; };
struct bits_before_int { u32 a:1; u32 b; u8 c:1; u16 d; u8 e:1; };
struct bits_between_pointers { void *a; u32 b:1, c:2; void *d; u8 e:1; };
struct bits_in_char_gap { char a; int b:7; char c; int d:20; };
struct bits_u64_after_int { u32 a; u64 b:40; u32 c; u64 d:24; };
struct bits_u64_across_words { u32 a; u64 b:33; u64 c:31; };
struct bits_u64_alone { u64 a:33; };
struct bits_small_u64 { u8 a; u64 b:3; };

struct bits_whole { u8 a:8; u16 b:16; u32 c:32; u64 d:64; int e:32; };
struct bits_whole_then_one { u32 a:32; u32 b:1; u8 c:8; };

/* Packed: a field may straddle every unit. */

struct bits_packed { u8 a:7; u32 b:30; u16 c:12; u64 d:61; u8 e; } __packed;
struct bits_packed_signed { s8 a:3; s32 b:31; s64 c:63; s16 d:15; } __packed;
struct bits_packed_nine_bytes { u8 a:4; u64 b:64; u8 c:4; } __packed;
struct bits_packed_u64 { u8 a:3; u64 b:62; u64 c:63; u8 d:1; } __packed;
struct bits_packed_odd { u32 a:3; u32 b:7; u32 c:7; } __packed;
struct bits_packed_enum { u8 a:5; enum colour b:11; enum temperature c:31; bool d:1; } __packed;
struct bits_packed_around { u8 a; u32 b:4; u32 c; u16 d:9; u64 e; } __packed;
struct bits_packed_aligned { u32 a:3; u64 b:60; u8 c; } __packed __aligned(4);
struct bits_packed_zero_break { u8 a:3; u8 :0; u32 b:31; u16 :0; u8 c:2; } __packed;
struct bits_packed_unnamed { u8 a:3; u32 :18; u32 b:13; } __packed;
struct bits_packed_member { u8 a:4; u32 b:30 __packed; u8 c; };
struct bits_aligned_member { u32 a:3; u32 b:5 __aligned(8); u32 c:2; };
struct bits_aligned { u8 a:3; } __aligned(8);

/* In unions and anonymous parts. */

union bits_union {
	u32 a:5;
	int b:17;
	u8 c:1;
	u64 d:37;
	bool e:1;
};

union bits_union_packed {
	u32 a:17;
	u8 b:3;
} __packed;

union bits_over_raw {
	u32 raw;
	struct {
		u32 lo:12;
		u32 mid:9;
		u32 hi:11;
	};
	struct {
		int sign:1;
		u32 rest:31;
	};
	u8 byte[4];
};

struct bits_anonymous {
	u8 a:3;
	struct {
		u8 b:5;
		u16 c:9;
		union {
			u32 d:20;
			int e:7;
			struct {
				u8 f:1;
				u8 g:7;
				u64 h:50;
			};
		};
	};
	u8 i:2;
};

struct bits_anonymous_packed {
	u8 a:3;
	struct {
		u8 b:5;
		u32 c:25;
		u64 d:59;
	} __packed;
	u8 e:2;
};

struct bits_named_part {
	u8 before;
	struct {
		u16 a:3;
		u16 b:13;
	} part;
	struct {
		u8 c:2;
		u8 d:6;
	} parts[3];
	struct bits_mixed_types whole;
	struct bits_packed packed[2];
};

/* The shape of the kernel's page flags, TCP header and bitfield-guard members, made up anew. */

struct bits_header {
	u16 source, dest;
	u32 seq;
	u16 reserved:4, offset:4, fin:1, syn:1, rst:1, psh:1, ack:1, urg:1, ece:1, cwr:1;
	u16 window;
};

struct bits_guarded {
	u8 guard_begin[0];
	u8 a:3, b:1, c:1;
	u8 guard_middle[0];
	u8 d:2, e:6;
	u32 guard_end[0];
	u32 f:2;
};

struct bits_many {
	u32 f00:1, f01:2, f02:3, f03:4, f04:5, f05:6, f06:7, f07:8, f08:9, f09:10, f10:11, f11:12,
	    f12:13, f13:14, f14:15, f15:16, f16:17, f17:18, f18:19, f19:20, f20:21, f21:22, f22:23;
};

struct bits_many_packed {
	u64 f00:1, f01:3, f02:5, f03:7, f04:11, f05:13, f06:17, f07:19, f08:23, f09:29, f10:31,
	    f11:37, f12:41, f13:43, f14:47, f15:53, f16:59, f17:61;
} __packed;

#ifdef __SIZEOF_INT128__
struct bits_int128 {
	u8 before;
	unsigned __int128 a:5;
	unsigned __int128 b:100;
	__int128 c:65;
	u8 after;
};

struct bits_int128_packed {
	u8 before:3;
	unsigned __int128 a:100;
	__int128 b:127;
	u8 after:2;
} __packed;
#endif
