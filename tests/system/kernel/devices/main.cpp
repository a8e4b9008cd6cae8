// devices/main.cpp - windows, interrupts and DMA memory of a device that is ours.
#include "cases.hpp"

int app_main(const sys::Startup& given)
{
    return check::run(given, {ends_cases, window_cases, interrupt_cases, dma_cases, pin_cases,
                              entropy_cases, line_cases, for_ever_cases});
}
