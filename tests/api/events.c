/* What the tests of load() and validate() read: a BPF program's event, and the hard members. */
typedef unsigned char u8;
typedef signed char s8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;
typedef _Bool bool;

struct undefined;

enum reason { NONE, DENIED = 5 };
enum sign { MINUS = -1, PLUS = 1 };
enum reasons_again { OTHER = 1, NONE_TOO = 2 };

struct exec_event {
	u64 timestamp;
	u32 pid;
	s32 exit_code;
	char comm[16];
	u8 state;
	u32 uid;
	const char *filename;
};

struct inner {
	u16 first;
	u32 second;
};

typedef struct {
	s32 counter;
} atomic_t;

struct nested {
	struct inner one;
	struct inner many[3];
	union {
		u32 word;
		struct {
			u16 low;
			u16 high;
		};
	};
	atomic_t refs;
	u8 end;
};

struct kinds {
	bool flag;
	char letter;
	s8 tiny;
	enum reason reason;
	enum sign sign;
	float real;
	double precise;
	void *address;
	int (*call)(struct undefined *);
	u32 grid[2][3];
	unsigned __int128 huge;
	struct undefined *secret;
};

struct bits {
	u32 low : 3;
	s32 middle : 5;
	u32 high : 20;
	bool flag : 1;
	enum reason why : 2;
};

struct packed {
	u8 tag;
	u64 value;
	u16 tail;
} __attribute__((packed));

struct keywords {
	u32 from;
	u32 class;
};

struct message {
	u32 length;
	u8 data[];
};

union either {
	u32 word;
	u8 bytes[4];
};

struct exec_event exec_event;
struct nested nested;
struct kinds kinds;
struct bits bits;
struct packed packed;
struct keywords keywords;
struct message message;
union either either;
enum reasons_again again;

__attribute__((section("socket"))) int on_exec(struct exec_event *event, u32 flags)
{
	return event->pid + flags;
}
