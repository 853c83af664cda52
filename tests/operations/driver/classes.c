/* A table whose members are of every class that a calling convention tells apart. */
#include <stdbool.h>

typedef unsigned char u8;
typedef signed char s8;
typedef unsigned short u16;
typedef short s16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;
typedef long ssize_t;

enum small { SMALL };
enum negative { NEGATIVE = -1 };

struct device;
struct empty { };
struct one { u8 a; };
struct two { u8 a, b; };
struct three { u8 a[3]; };
struct four { u32 a; };
struct five { u8 a[5]; };
struct seven { u8 a[7]; };
struct eight { u32 a; u16 b; u8 c, d; };
struct nine { u8 a[9]; };
struct twelve { u32 a, b, c; };
struct sixteen { void *a; u32 b, c; };
struct seventeen { u8 a[17]; };
struct twenty_four { u64 a, b, c; };
struct large { u64 a[32]; };
struct packed { u8 a; u32 b; } __attribute__((packed));
struct packed_words { u16 a; u64 b; } __attribute__((packed));
struct bits { u32 a:3, b:20; u32 c:9; };
struct nested { struct one one; struct { u16 inner; u8 more[2]; } two; struct four four; };
struct quarter { __int128 a; };
struct aligned { u64 a[3]; } __attribute__((aligned(16)));
struct flags { bool a:1, b:1; u8 c; u16 d; };
struct addresses { void *a; struct device *b; };
struct point { float x, y; };
struct sample { u64 when; double value; };
union either { u32 word; u8 bytes[8]; };
union wide { u64 words[3]; u8 byte; };

typedef int (*complete_t)(struct device *, int);

struct class_operations {
	const char *name;
	/* Numbers of arguments */
	int (*none)(void);
	int (*with_1)(int);
	int (*with_2)(int, u64);
	int (*with_3)(int, u64, u8);
	int (*with_4)(int, u64, u8, void *);
	int (*with_5)(int, u64, u8, void *, s16);
	int (*with_6)(int, u64, u8, void *, s16, u32);
	int (*with_7)(int, u64, u8, void *, s16, u32, s8);
	int (*with_8)(int, u64, u8, void *, s16, u32, s8, u64);
	int (*with_12)(u8, s8, u16, s16, u32, s32, u64, s64, bool, void *, u8, u64);
	/* Kinds of results */
	void (*nothing)(struct device *);
	bool (*truth)(bool, int, bool);
	char (*character)(char);
	u8 (*byte)(u8);
	s8 (*signed_byte)(s8);
	u16 (*half)(u16);
	s16 (*signed_half)(s16);
	u32 (*word)(u32);
	s32 (*signed_word)(s32);
	u64 (*quad)(u64);
	s64 (*signed_quad)(s64);
	ssize_t (*sized)(struct device *, char *, unsigned long);
	enum small (*small)(enum small);
	enum negative (*negative)(enum negative);
	struct device *(*pointer)(struct device *, const void *);
	complete_t (*function)(complete_t);
	/* By value */
	struct empty (*value_0)(struct empty, int);
	struct one (*value_1)(struct one, int);
	struct two (*value_2)(struct two, int);
	struct three (*value_3)(struct three, int);
	struct four (*value_4)(struct four, int);
	struct five (*value_5)(struct five, int);
	struct seven (*value_7)(struct seven, int);
	struct eight (*value_8)(struct eight, int);
	struct nine (*value_9)(struct nine, int);
	struct twelve (*value_12)(struct twelve, int);
	struct sixteen (*value_16)(struct sixteen, int);
	struct seventeen (*value_17)(struct seventeen, int);
	struct twenty_four (*value_24)(struct twenty_four, int);
	struct large (*value_256)(struct large, int);
	struct packed (*value_packed)(struct packed, int);
	struct packed_words (*value_packed_words)(struct packed_words, int);
	struct bits (*value_bits)(struct bits, int);
	struct nested (*value_nested)(struct nested, int);
	union either (*value_either)(union either, int);
	union wide (*value_wide)(union wide, int);
	/* The same as arguments only, behind enough others to fill the registers */
	int (*late_9)(u64, u64, u64, u64, u64, struct nine, u32);
	int (*late_12)(u64, u64, u64, u64, struct twelve, struct twelve, u32);
	int (*late_16)(u64, u64, u64, u64, u64, u64, struct sixteen, u8);
	int (*late_17)(u64, struct seventeen, u64, struct seventeen, u8);
	int (*late_packed)(u64, struct packed, u64, struct packed, u8);
	int (*late_wide)(u8, union wide, u8, union either, bool);
	int (*late_packed_words)(u64, struct packed_words, u64, u8);
	int (*late_nested)(struct nested, struct bits, struct three, struct nested, struct five, u8);
	int (*late_aligned)(u64, struct aligned, u64, struct aligned, u8);
	int (*late_quarter)(u64, u64, u64, u64, u64, u64, u64, struct quarter, u8);
	int (*flagged)(struct flags, u64, struct flags);
	int (*addresses)(struct addresses, u8, struct addresses);
	int (*point)(struct point, int);
	int (*sample)(struct sample *, struct sample);
	int (*int128)(__int128);
	int (*long_double)(long double);
	/* Floating point */
	float (*single)(float, int, float);
	double (*twice)(double, float, u64, double);
	double (*many)(double, double, double, double, double, double, double, double, double, float);
	int (*mixed)(int, double, u64, float, void *, double, u8, float, s64, u32);
	/* What a table may have beside plain members */
	int (*array[3])(struct device *, u16);
	complete_t complete;
	union {
		int (*remove)(struct device *);
		void (*remove_new)(struct device *, s8);
	};
	struct {
		bool (*hidden)(u64, bool);
		u32 flags;
	};
	int (*print)(const char *, ...);
	int (*callback)(struct device *, int (*)(struct device *, void *), void *);
	int (*class)(int), (*wrap)(u8);
};

struct class_operations table;
