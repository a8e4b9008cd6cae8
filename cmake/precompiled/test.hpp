// precompiled/test.hpp - the same for host tests.
#pragma once

#include "host.hpp"

#include <catch2/catch.hpp>
