/*
 * A BPF object as a tracing tool would have it: maps, an event in a ring buffer, programs,
 * read-only settings. clang writes its BTF itself; no pahole is involved.
 */

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) __typeof__(value) *name
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))

typedef _Bool bool;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

enum event_kind { EVENT_OPEN = 1, EVENT_CLOSE, EVENT_ERROR = -1 };
enum map_kind { MAP_HASH = 1, MAP_ARRAY = 2, MAP_RINGBUF = 27 };

struct key {
	u32 pid;
	u16 port;
	u8 proto;
} __packed;

struct stats {
	u64 count;
	u64 bytes;
	u32 cpu;
};

struct event {
	u64 timestamp;
	u32 pid, tid;
	enum event_kind kind;
	char comm[16];
	u8 path_len;
	union {
		struct {
			s32 fd;
			u32 flags;
		} open;
		struct {
			s32 error;
		};
		u8 raw[12];
	};
	struct key key;
	u16 from:3, class:5, spare:8;
	bool truncated:1, is_kernel:1;
	u32 depth:20;
	s32 delta:9;
	u64 stamp:41;
	u8 straddle[3];
	u64 stack[4];
	char path[];
};

struct packed_bits {
	u8 version:4, type:3;
	u32 length:27;
	s64 offset:51;
	bool last:1;
	u16 check;
} __packed;

struct gaps {
	u32 first:3;
	u32 :7;
	u32 second:5;
	u32 :0;
	u32 third:1;
	u8 :4;
	u8 fourth:2;
	u64 :33;
	u64 fifth:20;
};

struct tables {
	u16 grid[2][3];
	u32 cube[2][3][4];
	struct key keys[2][2];
	struct { } empty;
	u8 none[0];
	unsigned __int128 wide;
	double real;
};

struct cache_line {
	u64 hits;
	u32 lock;
} __aligned(64);

struct config {
	u32 sample_rate;
	bool verbose;
	u8 pad_to_line __aligned(16);
	struct cache_line line;
	struct packed_bits bits[2];
	enum map_kind kind:5;
	const char *name;
	struct event *last_event;
	int (*callback)(struct event *, void *);
};

struct {
	__uint(type, MAP_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, struct stats);
} counters SEC(".maps");

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

const volatile struct config settings SEC(".rodata") = { .sample_rate = 1 };
struct packed_bits last_header SEC(".data");
struct event scratch SEC(".data");
struct gaps gaps SEC(".data");
struct tables tables SEC(".data");
struct stats totals[4] SEC(".data");
enum event_kind last_kind SEC(".data");
char LICENSE[] SEC("license") = "GPL";

static __attribute__((noinline)) int fill(struct event *event, u32 pid)
{
	event->pid = pid;
	event->kind = settings.verbose ? EVENT_OPEN : EVENT_CLOSE;
	event->depth = pid & 0xff;
	return event->pid != 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int on_open(void *context)
{
	totals[0].count += (u64)context & 1;
	return fill(&scratch, settings.sample_rate);
}
