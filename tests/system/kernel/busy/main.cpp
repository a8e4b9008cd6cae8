// busy/main.cpp - a program that is ready all the time.
#include <sys/startup.hpp>

int app_main(const sys::Startup&)
{
    for (;;)
        asm volatile("");
}
