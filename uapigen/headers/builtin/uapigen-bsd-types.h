/* Names that <sys/types.h> has from BSD, for headers that cannot be included after it because
   they define struct timeval themselves. */
typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef long long quad_t;
typedef unsigned long long u_quad_t;
typedef char *caddr_t;
typedef unsigned long ino_t;
