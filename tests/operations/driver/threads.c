/* Threads that know nothing of Python call a table's members; what they get is checked here.
 * Compiled behind the declarations of classes.c. */
#include <pthread.h>

struct work {
	struct class_operations *table;
	unsigned long calls;
	unsigned long wrong;
	unsigned int seed;
	pthread_t thread;
};

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* What each method does is in threads.py. */
static int is_wrong(struct class_operations *table, unsigned long number, unsigned int value)
{
	struct seventeen in = { { 0 } }, out;
	void *pointer;

	switch (number & 7) {
	case 0:
		return table->none() != 7;
	case 1:
		return table->with_3((int)value, 5, (unsigned char)value) !=
		       (int)(value + 5 + (unsigned char)value);
	case 2: /* raises OSError */
		return table->with_1((int)value) != -(int)(value % 100 + 1);
	case 3:
		pointer = (void *)((unsigned long)(value % 5000) * 64);
		return table->pointer(pointer, (void *)0) != pointer;
	case 4: /* raises OSError, too */
		return table->pointer((void *)0, (void *)64) != (void *)-12L;
	case 5:
		in.a[16] = (unsigned char)value;
		out = table->value_17(in, 1);
		return out.a[0] != (unsigned char)value || out.a[16] != 1;
	case 6:
		return table->truth(value & 1, 3, !(value & 1)) != (value & 1);
	default:
		return table->signed_quad(-(long)value) != (long)value;
	}
}

static void *run(void *argument)
{
	struct work *work = argument;
	unsigned long number;

	for (number = 0; number < work->calls; number++)
		work->wrong += is_wrong(work->table, number, next(&work->seed));
	return 0;
}

/* The number of calls whose result was wrong; -1 where a thread could not be started. */
long call_from_threads(struct class_operations *table, unsigned int threads, unsigned long calls)
{
	struct work works[64];
	unsigned int at;
	long wrong = 0;

	if (threads > 64)
		return -1;
	for (at = 0; at < threads; at++) {
		works[at] = (struct work){ .table = table, .calls = calls / threads, .seed = at + 1 };
		if (pthread_create(&works[at].thread, 0, run, &works[at]))
			return -1;
	}
	for (at = 0; at < threads; at++) {
		pthread_join(works[at].thread, 0);
		wrong += works[at].wrong;
	}
	return wrong;
}

static volatile int stop;

static void *until_stopped(void *argument)
{
	struct work *work = argument;

	while (!stop) {
		int found = work->table->none();

		work->calls++;
		work->wrong += found != 7 && found != -5; /* refused: EIO */
	}
	return 0;
}

static struct work background[4];

/* Threads that call a member for as long as nobody says stop. */
int start_calling(struct class_operations *table)
{
	unsigned int at;

	stop = 0;
	for (at = 0; at < 4; at++) {
		background[at] = (struct work){ .table = table };
		if (pthread_create(&background[at].thread, 0, until_stopped, &background[at]))
			return -1;
	}
	return 0;
}

/* How many calls gave what neither a method nor a refusal gives. */
long stop_calling(unsigned long *calls)
{
	unsigned int at;
	long wrong = 0;

	stop = 1;
	for (at = 0; at < 4; at++) {
		pthread_join(background[at].thread, 0);
		wrong += background[at].wrong;
		*calls += background[at].calls;
	}
	return wrong;
}
