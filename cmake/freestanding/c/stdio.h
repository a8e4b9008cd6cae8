// stdio.h - what libc++'s headers name; there is no stdio.
#pragma once

#include <stddef.h>

#define EOF (-1)

#ifdef __cplusplus
extern "C" {
#endif

int remove(const char* path);

#ifdef __cplusplus
}
#endif
