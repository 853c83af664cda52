/* Names that Python, or the generated code, wants for itself. */

typedef unsigned int u32;
typedef u32 __be32;

enum answer { None = -1, yes, mro = 1000000000 };
enum empty_looking { _ = 1 };
struct class { u32 from, in:3; __be32 __reserved; };
struct range { struct range *next; u32 range; };
struct functions { u32 _fields_; };
typedef struct range range_t;
typedef struct { u32 x; } clash;
union clash { u32 x, y; };
typedef struct a_name_that_is_so_long_that_black_would_break_the_line_of_whatever_it_is_in *
	another_name_that_is_long_enough_for_black_to_break_the_line_that_it_is_on;
struct a_name_that_is_so_long_that_black_would_break_the_line_of_whatever_it_is_in {
	struct a_name_that_is_so_long_that_black_would_break_the_line_of_whatever_it_is_in *next;
	another_name_that_is_long_enough_for_black_to_break_the_line_that_it_is_on many[3];
	union clash clash;
	clash clash_;
};
