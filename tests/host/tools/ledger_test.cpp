// ledger_test.cpp - what a long `test` remembers, and for which sources.
#include "fixtures.hpp"
#include "ledger.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using namespace std::chrono_literals;

TEST_CASE("a stage that passed is known to the next run with the same sources only")
{
    const TempDir dir;
    const auto file = dir / "build/test.ledger";
    Ledger{file, 7}.note("system tests, round 2 of 20", true, 41, 3s);
    CHECK(Ledger{file, 7}.passed("system tests, round 2 of 20") == 41u);
    CHECK_FALSE(Ledger{file, 7}.passed("system tests, round 3 of 20"));
    CHECK_FALSE(Ledger{file, 8}.passed("system tests, round 2 of 20"));
}

TEST_CASE("the last run of a stage decides")
{
    const TempDir dir;
    const auto file = dir / "ledger";
    Ledger{file, 7}.note("budgets", true, 1, 3s);
    Ledger{file, 7}.note("budgets", false, 1, 3s);
    CHECK_FALSE(Ledger{file, 7}.passed("budgets"));
    Ledger{file, 7}.note("budgets", true, 2, 3s);
    CHECK(Ledger{file, 7}.passed("budgets") == 2u);
    Ledger{file, 7}.forget();
    CHECK_FALSE(Ledger{file, 7}.passed("budgets"));
}

TEST_CASE("a line that was cut off counts for nothing")
{
    const TempDir dir;
    write_file(dir / "ledger", std::string_view{"0000000000000007 passed 3 12 budgets\n"
                                                "0000000000000007 passed 3"});
    CHECK(Ledger{dir / "ledger", 7}.passed("budgets") == 12u);
}

TEST_CASE("sources are what they contain and where, not what was built from them")
{
    const TempDir dir;
    for (const auto* folder : {"base", "build", ".git"})
        fs::create_directories(dir / folder);
    write_file(dir / "base/a.cpp", std::string_view{"int a;\n"});
    const auto first = hash_of_sources(dir.path());
    write_file(dir / "build/a.o", std::string_view{"a"});
    write_file(dir / ".git/index", std::string_view{"a"});
    CHECK(hash_of_sources(dir.path()) == first);
    write_file(dir / "base/a.cpp", std::string_view{"int b;\n"});
    CHECK(hash_of_sources(dir.path()) != first);
    write_file(dir / "base/a.cpp", std::string_view{"int a;\n"});
    CHECK(hash_of_sources(dir.path()) == first);
    fs::rename(dir / "base/a.cpp", dir / "base/b.cpp");
    CHECK(hash_of_sources(dir.path()) != first);
}
