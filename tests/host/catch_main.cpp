// tests/host/catch_main.cpp - main() of every host test, compiled once.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
