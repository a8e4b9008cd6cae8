// tests/rejects/ignored_result.cpp - a failure that nobody looks at.
#include <base/types.hpp>

Result<> flush();

void finish() { flush(); }
