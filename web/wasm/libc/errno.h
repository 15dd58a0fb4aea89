/* web/wasm/libc/errno.h: always 0, as nothing here asks a system for anything. */
#ifndef INK_WASM_ERRNO_H
#define INK_WASM_ERRNO_H

#define errno 0

#endif
