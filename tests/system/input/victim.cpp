// victim.cpp - grabs the keyboard, and ends when a key is pressed, without letting go of anything.
#include <input/device.hpp>
#include <sys/log.hpp>
#include <sys/process.hpp>

int app_main(const sys::Startup& given)
{
    input::Device keyboard;
    if (!keyboard.open(given, "kbd0") || !keyboard.grab(true) || !keyboard.next())
        return 1;
    sys::exit(0);
}
