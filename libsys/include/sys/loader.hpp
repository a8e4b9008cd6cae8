// sys/loader.hpp - makes a process from an image of the boot archive. Used by init, and by programs
// that may start children.
//
//     auto launch = sys::Launch::create(payer, archive, "blkd", quota);
//     launch->grant("names", names.slot(), abi::Kind::endpoint, abi::right::call);
//     launch->lend("device", device, abi::right::map | abi::right::dma);
//     auto process = launch->start(stack_bytes, priority, arguments);
//
// Until start() succeeded nothing of the new process has run; a Launch that dies before kills it,
// and leaves nothing.
#pragma once

#include <abi/info.hpp>
#include <sys/archive.hpp>
#include <sys/handle.hpp>

namespace sys {

// Strings that each end with a zero byte, as abi::Startup has them.
struct Arguments {
    std::span<const char> bytes;
    u32 count = 0;
};

class [[nodiscard]] Launch {
public:
    // The process, its segments mapped with the rights of the image. Errors: not_found (no such
    // image), malformed (of the archive), no_memory, over_quota.
    static Result<Launch> create(Borrowed<Process> payer,
                                 const Archive& archive,
                                 std::string_view image,
                                 const abi::ProcessQuota& quota);
    Launch(Launch&& other) noexcept = default;
    Launch& operator=(Launch&& other) = delete;
    ~Launch();

    // Gives it a handle, which it finds under `name`; several of one name are counted. Ours stays
    // ours. Errors: no_space (abi::max_grants), those of SYS_PROCESS_GRANT.
    Result<> grant(std::string_view name, abi::Slot what, abi::Kind kind, abi::Rights rights);

    // A page that begins with an abi::Progress, which it keeps.
    Result<> watch_progress(Borrowed<Memory> page);

    // Makes it the owner of a device.
    Result<> lend(std::string_view name, Borrowed<Device> device, abi::Rights rights);

    Borrowed<Process> process() const { return process_.borrow(); }

    // Stack (with an unmapped page below), start-up page, first thread. Errors: too_big
    // (arguments).
    Result<Handle<Process>> start(u64 stack_bytes, u64 priority, Arguments arguments = {});

private:
    Launch(Handle<Process> process, VirtAddr entry, const abi::ProcessQuota& quota);

    Result<> list(std::string_view name, abi::Slot slot, abi::Kind kind);

    Handle<Process> process_;
    VirtAddr entry_;
    abi::Startup startup_{};
};

// Where the first thread finds them: below the addresses that the kernel gives out.
inline constexpr VirtAddr startup_address{abi::mapping_base - page_bytes};
inline constexpr VirtAddr progress_address{startup_address.raw() - page_bytes};
inline constexpr VirtAddr first_stack_top{progress_address.raw() - page_bytes};
inline constexpr u64 max_stack_bytes = u64{16} << 20;

}  // namespace sys
