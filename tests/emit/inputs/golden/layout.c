/* What ctypes would place otherwise by itself: padding, packing, alignment, unions, parts. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct plain { u8 a; u32 b; u64 c; };
struct packed { u8 a; u32 b; u64 c; } __attribute__((packed));
struct cache_line { u32 a; } __attribute__((aligned(64)));
struct embeds { u8 before; struct packed packed; struct cache_line line; u8 after; };
union value { u8 bytes[6]; u32 word; };

struct parts {
	u8 kind;
	union {
		u32 id;
		struct { u16 low; struct { u8 mid, high; }; };
	};
	struct { u32 x, y; } at[2];
};

struct packet { u16 length; u8 data[]; };
struct nothing { };
