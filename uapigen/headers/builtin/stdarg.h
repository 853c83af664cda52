/* <stdarg.h>, C11 7.16. The C library asks for __gnuc_va_list alone by __need___va_list. */
#ifndef __uapigen_gnuc_va_list
#define __uapigen_gnuc_va_list
typedef __builtin_va_list __gnuc_va_list;
#endif

#ifdef __need___va_list
#undef __need___va_list
#elif !defined(__uapigen_stdarg)
#define __uapigen_stdarg
typedef __builtin_va_list va_list;
#define va_start(list, last) __builtin_va_start(list, last)
#define va_arg(list, type) __builtin_va_arg(list, type)
#define va_copy(to, from) __builtin_va_copy(to, from)
#define va_end(list) __builtin_va_end(list)
#endif
