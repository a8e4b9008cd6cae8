// peer/main.cpp - the peer as a program. Its standard input is the socket where QEMU connects; it
// ends with QEMU.
#include "serve.hpp"

#include <unistd.h>

int main() { return peer::serve(STDIN_FILENO); }
