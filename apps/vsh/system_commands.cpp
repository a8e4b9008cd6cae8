// vsh/system_commands.cpp - help, ps, devices, rand.
#include "shell.hpp"

#include <proto/names.hpp>
#include <proto/table.hpp>
#include <random/random.hpp>
#include <sys/session.hpp>

namespace vsh {

namespace {

namespace names = proto::names;

std::string_view type_of(u32 virtio_id)
{
    switch (virtio_id) {
    case 1:
        return "net";
    case 2:
        return "blk";
    case proto::table::console_id:
        return "console";
    case 4:
        return "rng";
    case 18:
        return "input";
    case proto::table::pl011_id:
        return "pl011";
    default:
        return "?";
    }
}

// Asks for the 0th, 1st, ... entry of one of init's tables and shows each, until there are no more.
template <Method M, class Show>
Status list(const sys::Startup& given, std::string_view what, Show show)
{
    const auto init = given.grant<sys::Endpoint>("names");
    if (!init)
        return complain(what, init.error());
    for (u32 index = 0;; ++index) {
        const auto answer = sys::call<M>(*init, {index, 0});
        if (!answer && answer.error() == Errc::out_of_range)
            return Status::done;
        if (!answer)
            return complain(what, answer.error());
        show(answer->reply);
    }
}

// An app has no other service to ask than one of the table; the first random service is called so.
constexpr std::string_view random_service = "rng0";

}  // namespace

Status Shell::help()
{
    for (const Form& form : forms) {
        Line line;
        line.left(form.usage, 34).put(form.purpose);
        print(line);
    }
    return Status::done;
}

Status Shell::ps()
{
    sys::out("NAME            BINARY          STATE       EPOCH  PRIORITY  FRAMES      HANDLES  "
             "THREADS");
    return list<names::Process>(*given_, "ps", [](const names::Process::Reply& each) {
        Line line;
        line.left(text::of(each.name), 16)
            .left(text::of(each.binary), 16)
            .left(names::state_name(each.state), 10);
        line.number(each.epoch, 7).number(each.priority, 10).number(each.frames_used, 8).put('/');
        text::Buffer<12> limit;
        line.left(limit.number(each.frames_limit).view(), 6);
        line.number(each.handles_used, 6).number(each.threads_used, 9);
        if (each.state == names::State::exited)
            line.put("  code ").number(each.exit_code);
        print(line);
    });
}

Status Shell::devices()
{
    sys::out("NAME            SLOT  TYPE   VIRTIO  OWNER           REGISTERS  PINNED  QUARANTINED");
    return list<names::Device>(*given_, "devices", [](const names::Device::Reply& each) {
        Line line;
        line.left(text::of(each.name), 16)
            .number(each.slot, 4)
            .put("  ")
            .left(type_of(each.virtio_id), 5);
        line.number(each.version, 8).put("  ").left(text::of(each.owner), 16);
        line.left(each.present == 0 ? "absent" : each.exclusive != 0 ? "mapped" : "by call", 9);
        line.number(each.pinned_pages, 8).number(each.quarantined_pages, 13);
        print(line);
    });
}

Status Shell::rand(const Command& command)
{
    auto source = random_bytes::Source::open(*given_, random_service);
    if (!source)
        return complain("rand", source.error());
    for (u64 left = command.count; left != 0;) {
        std::array<u8, 32> bytes{};  // of one line
        const auto part = std::span{bytes}.first(std::min<u64>(left, bytes.size()));
        if (const auto filled = source->fill(part, sys::after_ms(10'000)); !filled)
            return complain("rand", filled.error());
        Line line;
        for (const u8 each : part)
            line.hex(each, 2);
        print(line);
        left -= part.size();
    }
    return Status::done;
}

}  // namespace vsh
