/* What the program in the kernel tells the one outside. */

enum exec_kind { EXEC_SUCCESS = 1, EXEC_FAILED = 2 };

struct exec_event {
	unsigned long long timestamp;
	unsigned int pid;
	unsigned char kind:2, is_root:1;
	char comm[16];
	union {
		int error;
		unsigned int uid;
	};
	char path[];
};
