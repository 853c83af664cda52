/* The C that docs/generated.md speaks of. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u32 __be32;

enum state { RUNNING, SLEEPING, ZOMBIE = 16 };
enum sleep { LIGHT = 1, DEEP };

struct list { struct list *next, *prev; };

struct task {
	u32 pid;
	char comm[16];
	enum state state;
	u32 in_exec:1, prio:7;
	int nice:6;
	struct list tasks;
	struct task *parent;
	int (*on_exit)(struct task *task, int code);
};

struct packet {
	u8 version:4, length:4;
	u8 from;
	union {
		__be32 word;
		struct { u16 port; u16 check; };
	};
	u8 __reserved;
	u8 count;
	struct { u16 key, value; } option[];
};

struct iovec { void *iov_base; u64 iov_len; };
union value { u64 number; double real; u8 bytes[8]; };
struct twin { u8 a; };
typedef u32 twin;

__attribute__((section(".data..percpu"), used)) struct list run_queue;

__attribute__((noinline, used)) struct task *pick(struct list *queue, u32 prio, ...)
{
	return queue->next == queue->prev ? 0 : (struct task *)queue->next + prio;
}
