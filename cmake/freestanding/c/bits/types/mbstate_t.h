// bits/types/mbstate_t.h - libc++ names it for streams that we do not have.
#pragma once

typedef struct {
    int state;
} mbstate_t;
