/* <stdnoreturn.h>, C11 7.23. */
#ifndef __uapigen_stdnoreturn
#define __uapigen_stdnoreturn
#define noreturn _Noreturn
#endif
