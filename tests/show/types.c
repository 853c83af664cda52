/* The types that the tests of `show` look at; each name says what it is there for. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef _Bool bool_t;

struct list_head {
	struct list_head *next, *prev;
};

typedef struct {
	int counter;
} atomic_t;

struct holes {
	u8 first;
	u32 second;
	u8 third;
	u64 fourth;
	u16 fifth;
};

struct bits {
	u32 mode:3;
	u32 kind:5;
	u8 plain;
	u32 wide:30;
	bool_t flag:1;
	enum { LOW = 1, HIGH = 2 } level:2;
	long tail:40;
};

struct packed_bits {
	u8 before;
	u32 across:30;
	u32 rest:7;
} __attribute__((packed));

struct packed {
	u8 tag;
	u64 value;
	u16 crc;
} __attribute__((packed));

struct cachelines {
	u64 count;
	char name[100];
	struct list_head hot __attribute__((aligned(64)));
	u32 cold;
} __attribute__((aligned(64)));

struct nested {
	u8 kind;
	union {
		struct {
			u32 low;
			u64 high;
		};
		u8 raw[16];
		struct {
			u16 port;
		} udp;
	};
	struct {
		u8 key;
		u32 value;
	} pairs[3];
	const struct {
		int code;
	} *table[2];
	enum { IDLE, BUSY = 70000 } state;
};

struct embeds {
	struct holes a;
	struct nested b[2];
	atomic_t count;
	const volatile struct list_head list;
	struct packed raw;
};

struct operations {
	void *owner;
	int (*open)(struct nested *node, int flags, ...);
	long (*(*find)(const char *))(void);
	char data[];
};

union value {
	u8 byte;
	u64 quad;
	struct holes *pointer;
	u32 bits:12;
	char text[20];
};

struct empty {};

struct wide {
	__int128 big;
	long double real;
	float half;
};

enum small { SMALL_A, SMALL_B = 200 } __attribute__((packed));
enum plain { NEGATIVE = -1, NOTHING, LARGE = 1 << 20 };
enum huge { HUGE_ONE = 1, HUGE_TOP = 1ULL << 63 };
enum lowest { LOWEST = -0x7fffffffffffffff - 1 };

struct with_enums {
	enum small small;
	enum plain plain;
	enum huge huge;
	enum lowest lowest;
};

typedef int pid32_t;
typedef pid32_t pid_t;
typedef struct nested nested_t;
typedef const nested_t *nested_p;
typedef struct { u8 bytes[16]; } guid_t;
typedef struct holes holes_pair_t[2];
typedef int (*callback_t)(struct nested *, pid_t);
typedef struct undefined undefined_t;

struct refers {
	undefined_t *opaque;
	callback_t call;
	guid_t guid;
	pid_t pid;
};
