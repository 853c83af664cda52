/* Bitfields, which count from the other end on big-endian targets. */

typedef _Bool bool;
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

enum mode { OFF, ON, AUTO };

struct flags {
	u32 ready:1, count:7;
	u32 :8;
	int level:9;
	bool dirty:1;
	enum mode mode:2;
	u64 wide:40;
	u8 after;
};

struct straddles { u8 a:3; u32 b:31; u8 c; } __attribute__((packed));
union word { u32 all; struct { u32 low:12, high:20; }; };
