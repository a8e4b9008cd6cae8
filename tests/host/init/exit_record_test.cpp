// tests/host/init/exit_record_test.cpp - exit records as the tool parses them.
#include "exit_record.hpp"
#include "fake_kernel.hpp"

#include <catch2/catch.hpp>

namespace {

abi::ExitRecord fault()
{
    abi::ExitRecord record{};
    record.cause = abi::ExitCause::fault;
    record.esr = 0x92000046;
    record.far = 0x18;
    record.pc = 0x401a3c;
    record.sp = 0xffffffe000;
    record.x[1] = 0x2a;
    record.chain = {0x401100, 0x400f20};
    return record;
}

}  // namespace

TEST_CASE("a planned end is one line", "[init][exit_record]")
{
    fake::Kernel kernel;
    abi::ExitRecord record{};
    record.cause = abi::ExitCause::exited;
    init::print_exit("demo", "demo", record);
    CHECK(kernel.log == std::vector<std::string>{R"(level=info msg="exited" program=demo code=0)"});
}

TEST_CASE("a fault is a record, registers and a backtrace", "[init][exit_record]")
{
    fake::Kernel kernel;
    init::print_exit("disk0", "blkd", fault());
    REQUIRE(kernel.log.size() == 6);
    CHECK(
        kernel.log[0]
        == R"(level=error msg="exit record" program=disk0 image=blkd cause=fault code=0 esr=0x92000046 far=0x18 pc=0x401a3c sp=0xffffffe000)");
    CHECK(
        kernel.log[1]
        == R"(level=error msg="registers" program=disk0 x0=0x0 x1=0x2a x2=0x0 x3=0x0 x4=0x0 x5=0x0 x6=0x0 x7=0x0)");
    CHECK(kernel.log[4].ends_with("x30=0x0"));
    CHECK(
        kernel.log[5]
        == R"(level=error msg="backtrace" program=disk0 image=blkd pc=0x401a3c chain=0x401100,0x400f20)");
}

TEST_CASE("a record fits the log whatever is in it", "[init][exit_record]")
{
    fake::Kernel kernel;
    auto record = fault();
    record.code = record.esr = record.far = record.pc = record.sp = ~u64{0};
    record.x.fill(~u64{0});
    record.chain.fill(~u64{0});
    init::print_exit("fifteen-letters", "fifteen-letters", record);
    REQUIRE(kernel.log.size() == 6);
    for (const auto& line : kernel.log)
        CHECK(line.size() <= abi::log_line_bytes);
    CHECK(kernel.log[1].ends_with("x7=0xffffffffffffffff"));
    CHECK(kernel.log[5].ends_with(",0xffffffffffffffff"));
}

TEST_CASE("who was killed has no registers to show", "[init][exit_record]")
{
    fake::Kernel kernel;
    abi::ExitRecord record{};
    record.cause = abi::ExitCause::killed;
    init::print_exit("disk0", "blkd", record);
    CHECK(kernel.log.size() == 1);
    CHECK(kernel.log[0].contains("cause=killed"));
}
