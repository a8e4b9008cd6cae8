// memory/main.cpp - memory objects: made, mapped, shared, given back.
#include "cases.hpp"

int app_main(const sys::Startup& given)
{
    return check::run(given, {object_cases, mapping_cases, sharing_cases});
}
