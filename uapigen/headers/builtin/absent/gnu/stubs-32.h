/* Of the C library for another ABI: which of its functions do nothing. */
