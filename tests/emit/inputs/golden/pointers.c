/* Pointers, functions and variables: data that names types without drawing them in. */

struct opaque;
struct list { struct list *next, **back; };
typedef int (*compare_fn)(const void *left, const void *right);

struct operations {
	const char *name;
	struct opaque *private;
	long (*control)(struct list *, unsigned int, ...);
	compare_fn compare;
	void (*handlers[2])(struct list[4]);
	int (*(*choose)(int))(char);
	const struct list *const volatile heads[2];
};

__attribute__((section(".data..percpu"), used)) struct list a_list;

__attribute__((noinline, used)) struct list *find(struct list *in, compare_fn compare, ...)
{
	return compare(in, in->next) ? in : 0;
}
