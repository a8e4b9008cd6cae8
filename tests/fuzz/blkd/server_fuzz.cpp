// tests/fuzz/blkd/server_fuzz.cpp - clients that attach anything, lie in their rings, vanish; over
// the real server, driver and device model. Once all are gone and the device has returned what it
// had, everything is as at the start.
#include "disk_rig.hpp"

#include <cstdlib>
#include <cstring>

#include <proto/names.hpp>

namespace {

namespace protocol = proto::block;

class Input {
public:
    Input(const u8* data, usize size) : data_{data, size} {}

    bool empty() const { return data_.empty(); }
    u32 next()
    {
        if (data_.empty())
            return 0;
        const u8 value = data_.front();
        data_ = data_.subspan(1);
        return value;
    }
    u32 word() { return next() | next() << 8 | next() << 16 | next() << 24; }

private:
    std::span<const u8> data_;
};

struct Client {
    sys::Session session;
    sys::SharedMemory submissions;
    sys::SharedMemory completions;
    sys::SharedMemory buffer;
    u32 number = 0;
    sys::Handle<sys::Notification> doorbell;
};

struct World {
    DiskRig rig{{.sectors = 64, .max_discard = 4, .max_write_zeroes = 4}};
    std::vector<Client> clients;

    void connect()
    {
        if (clients.size() == 4)
            return;
        auto session = sys::connect<proto::names::Connect>(rig.bench.startup(), "disk0");
        clients.push_back({std::move(*session), {}, {}, {}, 0, {}});
    }

    void attach(Client& client, Input& bytes)
    {
        const auto memory = [&] {
            return sys::SharedMemory::create(pages_of(1 + bytes.next() % 4)).value();
        };
        client.submissions = memory();
        client.completions = memory();
        client.buffer = memory();
        const auto note = sys::create_notification().value();
        const auto lend = [&](const sys::SharedMemory& what) {
            const abi::Rights rights = bytes.next() % 8 == 0 ? sys::read_only : sys::read_write;
            return sys::duplicate(what.handle.borrow(), rights | abi::right::transfer).value();
        };
        auto handles = bytes.next() % 8 == 0
                           ? sys::HandleSet::of(lend(client.submissions), lend(client.buffer))
                           : sys::HandleSet::of(lend(client.submissions), lend(client.completions),
                                                lend(client.buffer),
                                                sys::doorbell(note.borrow(), {1}).value());
        const u32 entries = bytes.next() % 8 == 0 ? bytes.word() : 1U << bytes.next() % 8;
        auto answer = client.session.call<protocol::Attach>(
            {entries, bytes.next() / 127, protocol::Sector{bytes.next() % 80}, bytes.next() % 80},
            std::move(handles), 1);
        if (!answer)
            return;
        client.number = answer->reply.session;
        client.doorbell = answer->handles.take<sys::Notification>(0).value();
    }

    void scribble(Client& client, Input& bytes)
    {
        if (!client.submissions.mapping.valid())
            return;
        const auto& target = bytes.next() % 4 == 0 ? client.completions : client.submissions;
        const auto memory = target.mapping.bytes();
        const usize where = bytes.next() % 2 == 0 ? usize{bytes.next() % 2U} * 64
                                                  : page_bytes + bytes.word() % page_bytes;
        const u32 value = bytes.next() % 2 == 0 ? bytes.word() : bytes.next() % 16;
        if (where + sizeof(value) <= memory.size())
            std::memcpy(memory.data() + where, &value, sizeof(value));
    }

    // A submission that has a chance.
    void submit(Client& client, Input& bytes)
    {
        if (!client.submissions.mapping.valid()
            || client.submissions.mapping.bytes().size() < 2 * page_bytes)
            return;
        auto* page = *client.submissions.mapping.at<RingPage>();
        protocol::Submission asked{};
        asked.op = static_cast<protocol::Op>(1 + bytes.next() % 8);
        asked.first = protocol::Sector{asked.op == protocol::Op::get_id ? 0 : bytes.next()};
        asked.count = asked.op == protocol::Op::flush ? 0 : 1 + bytes.next() % 8;
        std::memcpy(client.submissions.mapping.bytes().data() + page_bytes
                        + page->produced.index % 2 * sizeof(asked),
                    &asked, sizeof(asked));
        ++page->produced.index;
    }

    void act(Input& bytes)
    {
        const u32 what = bytes.next() % 10;
        if (what == 0 || clients.empty())
            return connect();
        Client& client = clients[bytes.next() % clients.size()];
        switch (what) {
        case 1:
            attach(client, bytes);
            break;
        case 2:
            scribble(client, bytes);
            break;
        case 3:
        case 4:
            submit(client, bytes);
            break;
        case 5:
            if (client.doorbell.valid())
                (void)sys::signal(client.doorbell.borrow(), {~u64{0}});
            break;
        case 6:
            (void)client.session.call<protocol::Detach>({bytes.next() % 8, 0});
            break;
        case 7:
            clients.erase(clients.begin() + (&client - clients.data()));
            break;
        case 8:
            if (rig.blk.held() != 0)
                rig.finish(bytes.next() % rig.blk.held());
            break;
        default:
            settle();
            break;
        }
    }

    void settle()
    {
        for (u32 i = 0; rig.pump(); ++i)
            DiskRig::must(i < 10'000);
    }

    static Bytes pages_of(u64 pages) { return Bytes{pages * page_bytes}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size);

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size)
{
    Input bytes{data, size};
    World world;
    world.rig.blk.hold = bytes.next() % 2 == 0;
    world.rig.bench.scattered = bytes.next() % 2 == 0;
    while (!bytes.empty())
        world.act(bytes);
    world.clients.clear();
    world.settle();
    while (world.rig.blk.held() != 0) {
        world.rig.finish(0);
        world.settle();
    }
    DiskRig::must(world.rig.at_rest());
    DiskRig::must(world.rig.world.complaints.empty());
    return 0;
}
