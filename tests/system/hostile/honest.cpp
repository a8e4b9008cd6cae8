// honest.cpp - writes, reads back and compares, piece after piece, and answers how it goes.
#include "honest.hpp"

#include <optional>

#include <block/blocking.hpp>
#include <block/pattern.hpp>
#include <proto/names.hpp>
#include <sys/log.hpp>
#include <sys/serve.hpp>

namespace {

constexpr u64 piece_bytes = 8192;
constexpr u64 piece_sectors = piece_bytes / block::sector_bytes;

class Server {
public:
    explicit Server(block::Disk& disk) : blocking_{disk} {}

    Result<honest::Report::Reply> on(const honest::Report::Request&, sys::Caller&)
    {
        return report_;
    }

    // One piece at the next place, with a pattern that no earlier round had.
    void step()
    {
        const u64 first = round_ * piece_sectors % honest::own_sectors;
        block::pattern::fill(out_, round_, first);
        std::ranges::fill(in_, std::byte{0});
        if (note(blocking_.write(block::Sector{first}, out_))
            && note(blocking_.read(block::Sector{first}, in_)))
            compare(first);
        ++round_;
    }

private:
    bool note(const Result<>& result)
    {
        if (result)
            return true;
        ++report_.errors;
        report_.last_error = static_cast<u64>(result.error());
        return false;
    }

    void compare(u64 first)
    {
        const auto bad = block::pattern::mismatch(in_, round_, first);
        report_.verified += bad ? 0 : 1;
        report_.wrong += bad ? 1 : 0;
    }

    block::Blocking blocking_;
    honest::Report::Reply report_{};
    u64 round_ = 0;
    std::array<std::byte, piece_bytes> out_{};
    std::array<std::byte, piece_bytes> in_{};
};

[[clang::no_destroy]] constinit std::optional<Server> server;
[[clang::no_destroy]] std::optional<block::Disk> disk;

}  // namespace

Result<> run(const sys::Startup& given)
{
    const auto endpoint = given.grant<sys::Endpoint>("serve");
    if (!endpoint)
        return fail(endpoint.error());
    disk.emplace();
    const block::Options options{.depth = 8, .buffers = 8, .buffer_bytes = 4096};
    if (const auto opened = disk->open(given, "disk0", options); !opened)
        return opened;
    server.emplace(*disk);
    if (const auto ready = sys::say_ready<proto::names::Ready>(given); !ready)
        return ready;
    sys::Inbox inbox{*endpoint, 0};
    for (;;) {
        const auto event = inbox.next(abi::now);
        if (!event)
            return fail(event.error());
        if (event->request())
            inbox.answer(sys::dispatch(Methods<honest::Report>{}, *server, *event));
        server->step();
    }
}
