/* <stddef.h>, C11 7.19. The C library asks for parts of it by __need_NAME. */
#if defined(__need_size_t) || defined(__need_ptrdiff_t) || defined(__need_wchar_t) || \
	defined(__need_wint_t) || defined(__need_NULL)
#define __uapigen_part
#endif

#if !defined(__uapigen_part) || defined(__need_size_t)
#ifndef __uapigen_size_t
#define __uapigen_size_t
typedef __SIZE_TYPE__ size_t;
#endif
#undef __need_size_t
#endif

#if !defined(__uapigen_part) || defined(__need_ptrdiff_t)
#ifndef __uapigen_ptrdiff_t
#define __uapigen_ptrdiff_t
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#endif
#undef __need_ptrdiff_t
#endif

#if !defined(__uapigen_part) || defined(__need_wchar_t)
#if !defined(__uapigen_wchar_t) && !defined(__cplusplus)
#define __uapigen_wchar_t
typedef __WCHAR_TYPE__ wchar_t;
#endif
#undef __need_wchar_t
#endif

#if defined(__need_wint_t)
#ifndef __uapigen_wint_t
#define __uapigen_wint_t
typedef __WINT_TYPE__ wint_t;
#endif
#undef __need_wint_t
#endif

#if !defined(__uapigen_part) || defined(__need_NULL)
#undef NULL
#define NULL ((void *)0)
#undef __need_NULL
#endif

#ifndef __uapigen_part
#ifndef __uapigen_max_align_t
#define __uapigen_max_align_t
typedef struct {
	long long __integer __attribute__((__aligned__(__alignof__(long long))));
	long double __floating __attribute__((__aligned__(__alignof__(long double))));
} max_align_t;
#endif
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#undef __uapigen_part
