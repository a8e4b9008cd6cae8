// tests/host/libsys/device_test.cpp - device memory and mappings are given back whole.
#include "fake_kernel.hpp"

#include <catch2/catch.hpp>
#include <sys/device.hpp>

TEST_CASE("a mapping lasts as long as its owner", "[libsys][memory]")
{
    fake::Kernel kernel;
    {
        auto shared = sys::SharedMemory::create(Bytes{100});
        REQUIRE(shared);
        CHECK(shared->mapping.bytes().size() == page_bytes);
        sys::Mapping moved = std::move(shared->mapping);
        CHECK_FALSE(shared->mapping.valid());
        CHECK(kernel.mappings() == 1);
        moved = {};
        CHECK(kernel.mappings() == 0);
    }
    CHECK(kernel.mappings() == 0);
    CHECK(kernel.handles() == 0);
}

TEST_CASE("a typed view of a mapping is inside it and aligned", "[libsys][memory]")
{
    fake::Kernel kernel;
    const auto shared = sys::SharedMemory::create(Bytes{page_bytes});
    REQUIRE(shared);
    const sys::Mapping& mapping = shared->mapping;
    CHECK(mapping.at<u64>(page_bytes - 8));
    CHECK(mapping.at<u64>(page_bytes - 7).error() == Errc::out_of_range);
    CHECK(mapping.at<u64>(4).error() == Errc::out_of_range);
    CHECK(mapping.at<u64>(~u64{0} - 7).error() == Errc::out_of_range);
    CHECK(mapping.array<u64>(0, 512).value().size() == 512);
    CHECK(mapping.array<u64>(8, 512).error() == Errc::out_of_range);
    CHECK(mapping.array<u64>(0, ~u64{0}).error() == Errc::out_of_range);
    CHECK(mapping.array<u64>(page_bytes + 8, 0).error() == Errc::out_of_range);
}

TEST_CASE("DMA memory is mapped, and leaves nothing behind when a step fails", "[libsys][device]")
{
    for (u64 nth = 0;; ++nth) {
        fake::Kernel kernel;
        const sys::Borrowed<sys::Device> device{kernel.give_device(2)};
        kernel.refuse(nth);
        {
            const auto dma = sys::DmaMemory::create(device, Bytes{3 * page_bytes});
            if (!kernel.refused()) {
                REQUIRE(dma);
                CHECK(dma->bytes().size() == 3 * page_bytes);
                CHECK(dma->address() == DeviceAddr{0x8000'0000});
            } else {
                CHECK_FALSE(dma);
            }
        }
        CHECK(kernel.handles() == 1);
        CHECK(kernel.mappings() == 0);
        if (!kernel.refused())
            break;
        REQUIRE(nth < 10);
    }
}

TEST_CASE("the runs of a pin are read in as many calls as it takes", "[libsys][device]")
{
    fake::Kernel kernel;
    const sys::Borrowed<sys::Device> device{kernel.give_device(2)};
    const sys::Borrowed<sys::Memory> memory{kernel.give(abi::Kind::memory)};
    const u64 pages = abi::runs_per_call * 2 + 5;
    auto pin = sys::PinnedMemory::create(device, memory, Bytes{0}, Bytes{pages * page_bytes},
                                         sys::read_write);
    REQUIRE(pin);
    CHECK(pin->run_count() == pages);
    std::vector<abi::DmaRun> place(pages);
    const auto runs = pin->runs(place);
    REQUIRE(runs);
    for (u64 i = 0; i < pages; ++i)
        CHECK((*runs)[i].address == DeviceAddr{0x4000'0000 + (i << 20)});
    CHECK(pin->runs(std::span{place}.first(pages - 1)).error() == Errc::no_space);
    *pin = {};
    CHECK(kernel.handles() == 2);
}

TEST_CASE("registers behind the kernel are read and written one access at a time",
          "[libsys][device]")
{
    fake::Kernel kernel;
    const sys::Borrowed<sys::Device> device{kernel.give_device(4)};
    CHECK(sys::read_register(device, 0x008).value() == 4);
    REQUIRE(sys::write_register(device, 0x070, 15));
    CHECK(kernel.at(device.slot)->registers[0x070] == 15);
    CHECK(sys::read_register(device, 0x200).error() == Errc::out_of_range);
}
