// judge_test.cpp - exit codes.
#include "failure.hpp"
#include "judge.hpp"

#include <catch2/catch.hpp>

using namespace vireo;

TEST_CASE("a verdict of 0 to 119 is passed through, without a word")
{
    for (const u32 status : {0u, 1u, 2u, 119u}) {
        const auto judgement = judge({.verdict = status});
        CHECK(judgement.code == static_cast<int>(status));
        CHECK(judgement.reason.empty());
    }
}

TEST_CASE("a verdict above 119 is a crash of the guest, never one of the tool's own codes")
{
    for (const u32 status : {120u, 124u, 255u})
        CHECK(judge({.verdict = status}).code == 123);
}

TEST_CASE("no verdict is a failure")
{
    CHECK(judge({}).code == 125);
    CHECK(judge({.crash = true}).code == 123);
    CHECK(judge({.panic = true}).code == 123);
    CHECK(judge({.qemu_status = 1}).code == 125);
}

TEST_CASE("a crash beside a good verdict is the guest's business")
{
    CHECK(judge({.verdict = 0, .crash = true}).code == 0);
}

TEST_CASE("a panic, a complaint of QEMU's, a violation, or its failure spoil a good verdict")
{
    CHECK(judge({.verdict = 0, .panic = true}).code == 123);
    CHECK(judge({.verdict = 0, .complaints = {"virtio: bad"}}).code == 125);
    CHECK(judge({.verdict = 0, .violations = {"virtio: bad"}}).code == 125);
    CHECK(judge({.qemu_status = 139, .verdict = 0}).code == 125);
}

TEST_CASE("standing still and Ctrl-C have codes of their own")
{
    CHECK(judge({.ending = Ending::no_progress}).code == 124);
    CHECK(judge({.ending = Ending::no_progress, .panic = true}).code == 123);
    CHECK(judge({.ending = Ending::interrupted, .panic = true}).code == 130);
    CHECK_FALSE(judge({.ending = Ending::no_progress}).reason.empty());
}

TEST_CASE("lines that were allowed are no complaints")
{
    const std::string text = "virtio: bogus descriptor\n\nInvalid write at addr 0x0\n";
    CHECK(complaints_of(text, {}).size() == 2);
    CHECK(complaints_of(text, {"^Invalid write", "bogus"}).empty());
    CHECK(complaints_of(text, {"bogus"}) == std::vector<std::string>{"Invalid write at addr 0x0"});
    CHECK_THROWS_AS(complaints_of(text, {"("}), Failure);
}
