/*
 * clang -target bpf -g -O2 -c exec_event.bpf.c
 *
 * The part of a tracer that matters here: BTF in the object describes struct exec_event.
 */
#include "exec_event.h"

#define SEC(name) __attribute__((section(name), used))

struct {
	int (*type)[27]; /* BPF_MAP_TYPE_RINGBUF */
	int (*max_entries)[4096];
} events SEC(".maps");

/* Types get into BTF through what uses them. */
const struct exec_event *unused_event __attribute__((unused));
const enum exec_kind *unused_kind __attribute__((unused));

char LICENSE[] SEC("license") = "GPL";
