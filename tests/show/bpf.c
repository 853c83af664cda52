/* What only clang's BPF target records: tags, functions, variables and their sections. */

#define __tag(x) __attribute__((btf_decl_tag(x)))
#define __user __attribute__((btf_type_tag("user")))
#define __rcu __attribute__((btf_type_tag("rcu")))
#define __mine __attribute__((btf_type_tag("mine")))

struct list {
	struct list *next;
};

struct task {
	char __user *buffer;
	struct list __rcu *next;
	int __mine *other;
	long counter __tag("counted");
} __tag("a struct");

typedef struct task *task_ref __tag("a typedef");

unsigned long long total = 1;
static volatile const int limit __attribute__((section(".rodata"), used)) = 5;
extern int absent;

__attribute__((noinline)) __tag("kfunc")
int read_task(struct task *task, task_ref ref __tag("arg:nullable"), unsigned long long flags)
{
	return task->counter + ref->counter + flags + limit;
}

static __attribute__((noinline)) unsigned long long helper(void)
{
	asm volatile("" : "+m"(total));
	return total;
}

__attribute__((section("raw_tp/x")))
int program(struct task *task)
{
	return read_task(task, task, total) + absent + helper();
}
