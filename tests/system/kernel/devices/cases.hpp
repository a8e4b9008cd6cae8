// devices/cases.hpp - the cases of each file, for main.cpp to run; and the device that they are
// about.
#pragma once

#include <check/check.hpp>
#include <sys/device.hpp>

extern const check::Cases ends_cases;
extern const check::Cases window_cases;
extern const check::Cases interrupt_cases;
extern const check::Cases dma_cases;
extern const check::Cases pin_cases;
extern const check::Cases entropy_cases;
extern const check::Cases line_cases;
extern const check::Cases for_ever_cases;

inline sys::Borrowed<sys::Device> device()
{
    return check::need(check::given().grant<sys::Device>("device"));
}
