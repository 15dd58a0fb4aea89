/* web/wasm/libc/assert.h: a programmer's mistake traps, and JavaScript hears of it as an exception. */
#ifndef NDEBUG
#define assert(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define assert(condition) ((void)0)
#endif
